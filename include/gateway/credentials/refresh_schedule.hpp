#pragma once
// When a secret is fetched: before it expires, never twice at once, at growing intervals while that fails. Pure: the
// caller passes the time and the random numbers.

#include <chrono>
#include <optional>

#include "gateway/credentials/secret.hpp"

namespace gateway::credentials {

// The schedule of one secret. `now` is the time of the event; `jitter`, a random number from 0 to 1, spreads the load.
class refresh_schedule {
public:
    using time = secret::time;
    using milliseconds = std::chrono::milliseconds;

    // When to fetch next; nothing: when a call needs it.
    [[nodiscard]] std::optional<time> due() const noexcept { return due_; }

    // A call found nothing usable: fetch at once, or at the end of the pause after a failure.
    void on_demand(time now) noexcept;
    // It was fetched, and expires at `expires` (time::max(): never). It is refreshed between a half and three quarters
    // of its lifetime, a token (`is_token`) at about half of it.
    void on_success(time now, time expires, bool is_token, double jitter) noexcept;
    // It could not be fetched. After a refusal the next try is minutes later: wrong passwords lock a user. `max_pause`:
    // the longest pause between two tries, where frequent requests do no harm; 0: a minute, an hour after a refusal.
    void on_failure(time now, bool refused, milliseconds min_pause, double jitter,
                    milliseconds max_pause = {}) noexcept;
    // The cloud says that it has expired early or was revoked: fetch at once, or after a growing pause when that
    // repeatedly happens to a secret that was just fetched.
    void on_revoked(time now, double jitter) noexcept;
    // The configuration was reloaded: the next try may be now.
    void forget_failures(time now) noexcept;
    // No call has used it since it was fetched, so it is not refreshed: due again at half of its remaining lifetime,
    // and when it has expired.
    void on_unused(time now, time expires) noexcept;
    // It has expired, and no call needs it.
    void cancel() noexcept { due_.reset(); }

    // Failed tries in a row.
    [[nodiscard]] unsigned failures() const noexcept { return failures_; }
    [[nodiscard]] bool was_refused() const noexcept { return refused_; }

private:
    std::optional<time> due_;
    std::optional<time> fetched_at_;
    time not_before_{};
    unsigned failures_ = 0;
    unsigned early_revocations_ = 0;  // in a row, of secrets that were just fetched
    bool refused_ = false;
};

// The pauses after which a key with an open breaker is probed with one harmless query: 30 s, 2 min, 8 min, then every
// 30 min. Three refusals and two of these make five, the most that does not lock the key.
[[nodiscard]] std::chrono::seconds probe_delay(unsigned failed_probes) noexcept;

}  // namespace gateway::credentials
