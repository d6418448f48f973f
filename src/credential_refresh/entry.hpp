#pragma once
// One secret and its state. Its methods keep the state consistent: an entry without a secret has no probe due, one with
// a new secret has no old failures.

#include "gateway/credential_refresh/credential_refresher.hpp"

namespace gateway::credential_refresh {

// What a fetch needs of a configuration. Alive as long as such a fetch is in progress.
struct fetch_context {
    std::shared_ptr<const credentials::store> store;
    std::shared_ptr<iam_client> client;
    std::map<std::uint64_t, const credentials::definition*> definitions;
    std::chrono::milliseconds max_wait{};
};

struct entry {
    using time = credentials::secret::time;

    cache_key key;
    std::shared_ptr<const fetch_context> context;
    const credentials::definition* definition = nullptr;
    shared_secret secret;
    credentials::refresh_schedule schedule;
    std::optional<credentials::rotation> files;
    credentials::fetch_failure last_failure;  // the last one; empty after a success
    std::string refusal_details;              // breaker open: the cloud's message
    std::string file_error;                   // why its files can't be read again; the pair in use stays
    bool fetching = false;
    std::optional<time> probe_at;  // breaker open: the next probe
    std::optional<time> last_probe;
    std::optional<time> verify_at;  // refused for one caller alone: the time of the check
    std::optional<time> last_verification;
    unsigned failed_probes = 0;
    std::uint64_t fetched = 0, failed = 0;
    std::optional<time> due_at;  // its key in due_

    void set_secret(shared_secret fresh) {
        secret = std::move(fresh);
        clear_failures();
    }
    void clear_secret() {
        secret.reset();
        probe_at.reset();
        verify_at.reset();
        failed_probes = 0;
    }
    void clear_failures() {
        last_failure = {};
        refusal_details.clear();
        probe_at.reset();
        verify_at.reset();
        failed_probes = 0;
    }
    [[nodiscard]] bool is_usable(time now) const { return secret && secret->expires > now; }
    // When the key is checked with a query next.
    [[nodiscard]] std::optional<time> next_check() const {
        if (!secret) return std::nullopt;
        return probe_at ? probe_at : verify_at;
    }
    [[nodiscard]] bool is_check_due(time now) const { return next_check() && *next_check() <= now; }
    // When something is due for it next; nothing while a fetch is in progress, whose end schedules it again.
    [[nodiscard]] std::optional<time> next_due() const {
        if (fetching) return std::nullopt;
        if (next_check() && (!schedule.due() || *next_check() < *schedule.due())) return next_check();
        return schedule.due();
    }
    // What is wrong, in our own words; empty when nothing is.
    [[nodiscard]] std::string reason() const {
        return probe_at
                   ? "the cloud refused its signature three times in a row, so it is rested and tried again by itself"
                   : last_failure.reason;
    }
    // Why an agency that depends on it can't be fetched. No request was sent, so a retry may follow soon.
    [[nodiscard]] credentials::fetch_failure dependent_failure(const std::string& name) const {
        const std::string cause = reason();
        return {.reason = name + (cause.empty() ? " did not come in time" : ": " + cause),
                .details = probe_at ? refusal_details : last_failure.details};
    }
    // The same for operators, with the others' messages.
    [[nodiscard]] std::string full_reason() const {
        if (probe_at) return refusal_details.empty() ? reason() : reason() + ": " + refusal_details;
        return last_failure.reason.empty() ? file_error : last_failure.full_text();
    }
};

}  // namespace gateway::credential_refresh
