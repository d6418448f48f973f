#pragma once
// One slot and all that the keeper knows of it. What belongs together changes together here: a slot that has lost its
// secret is not rested, one that has a new one has no old troubles.

#include "gateway/renewal/keeper.hpp"

namespace gateway::renewal {

// A configuration as the keeper sees it. Alive as long as a fetch by it is under way.
struct keeper::plan {
    std::shared_ptr<const credentials::store> store;
    std::shared_ptr<cloud> asks;
    std::map<std::uint64_t, const credentials::definition*> by_serial;
    std::chrono::milliseconds longest_wait{};
};

struct keeper::keeping {
    slot where;
    std::shared_ptr<const plan> by;
    const credentials::definition* is = nullptr;
    shared_secret now;
    credentials::upkeep when;
    std::optional<credentials::rotation> files;
    credentials::fetch_failure not_fetched;  // the last one, nothing when it came
    std::string refusal;                     // rested: what the cloud said
    std::string file_trouble;                // why its files can't be read anew; the pair in use stays
    bool fetching = false;
    std::optional<time> try_at;  // rested: when it is tried next
    std::optional<time> last_try;
    std::optional<time> doubted_at;  // refused for one caller alone: when it is tried
    std::optional<time> last_doubt;
    unsigned failed_tries = 0;
    std::uint64_t fetched = 0, failed = 0;
    std::optional<time> in_due;  // its place among what is due

    void take(shared_secret fresh) {
        now = std::move(fresh);
        no_trouble();
    }
    void lose() {
        now.reset();
        try_at.reset();
        doubted_at.reset();
        failed_tries = 0;
    }
    void no_trouble() {
        not_fetched = {};
        refusal.clear();
        try_at.reset();
        doubted_at.reset();
        failed_tries = 0;
    }
    [[nodiscard]] bool usable(time at) const { return now && now->expires > at; }
    // When the key is tried with a query next.
    [[nodiscard]] std::optional<time> next_try() const {
        if (!now) return std::nullopt;
        return try_at ? try_at : doubted_at;
    }
    [[nodiscard]] bool to_be_tried(time at) const { return next_try() && *next_try() <= at; }
    // When something is to be done for it next; its end schedules anew what is being done.
    [[nodiscard]] std::optional<time> next() const {
        if (fetching) return std::nullopt;
        if (next_try() && (!when.due() || *next_try() < *when.due())) return next_try();
        return when.due();
    }
    // What is wrong, in words of ours; empty when nothing is.
    [[nodiscard]] std::string why() const {
        return try_at
                   ? "the cloud refused its signature three times in a row, so it is rested and tried again by itself"
                   : not_fetched.why;
    }
    // Why what goes through it can't be had. Nobody was asked, so it may be tried again soon.
    [[nodiscard]] credentials::fetch_failure blocks(const std::string& name) const {
        const std::string reason = why();
        return {.why = name + (reason.empty() ? " did not come in time" : ": " + reason),
                .details = try_at ? refusal : not_fetched.details};
    }
    // The same for operators, with what others said.
    [[nodiscard]] std::string whole_story() const {
        if (try_at) return refusal.empty() ? why() : why() + ": " + refusal;
        return not_fetched.why.empty() ? file_trouble : not_fetched.whole();
    }
};

}  // namespace gateway::renewal
