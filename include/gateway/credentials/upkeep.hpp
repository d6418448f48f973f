#pragma once
// When a secret is fetched: ahead of its end, never twice at once, less and less often while it can't be had. Pure: the
// clock and the dice are the caller's.

#include <chrono>
#include <optional>

#include "gateway/credentials/secret.hpp"

namespace gateway::credentials {

// The times of one slot. Everything is told `now` and, where chance spreads the load, a number `dice` from 0 to 1.
class upkeep {
public:
    using time = secret::time;
    using milliseconds = std::chrono::milliseconds;

    // When to fetch next; nothing: when somebody wants it.
    [[nodiscard]] std::optional<time> due() const noexcept { return due_; }

    // A call found nothing usable: fetch at once, unless that was tried and failed a moment ago.
    void wanted(time now) noexcept;
    // It came, and lives until `expires` (time::max(): for ever). It is renewed between a half and three quarters of
    // its life, a token (`is_token`) at half of it, so a margin is always smaller than the life that was asked for.
    void came(time now, time expires, bool is_token, double dice) noexcept;
    // It did not come. After a refusal the next try is minutes away: wrong passwords lock a user. `longest`: of a pause
    // between two tries, where asking often does no harm; 0: a minute, an hour after a refusal.
    void failed(time now, bool refused, milliseconds at_least, double dice, milliseconds longest = {}) noexcept;
    // The cloud says that it has expired or was revoked before its time: fetch at once; or after a pause that grows,
    // when what came a moment ago is said to be so, again and again.
    void dropped(time now, double dice) noexcept;
    // Somebody changed something: the next try may be now.
    void forget_failures(time now) noexcept;
    // Nobody used it since it came, so it is not renewed: looked at again at half of what is left to it, and when it
    // has expired.
    void idle(time now, time expires) noexcept;
    // It is gone, and nobody wants it.
    void unwanted() noexcept { due_.reset(); }

    // Tries in a row that failed.
    [[nodiscard]] unsigned failures() const noexcept { return failures_; }
    [[nodiscard]] bool was_refused() const noexcept { return refused_; }

private:
    std::optional<time> due_;
    std::optional<time> came_;
    time not_before_{};
    unsigned failures_ = 0;
    unsigned quick_drops_ = 0;  // in a row, of what had just come
    bool refused_ = false;
};

// The pauses after which a rested key is tried with one harmless query: 30 s, 2 min, 8 min, then every 30 min. Three
// refusals and two of these make five, which is the most that does not lock the key.
[[nodiscard]] std::chrono::seconds rest_after(unsigned failed_queries) noexcept;

}  // namespace gateway::credentials
