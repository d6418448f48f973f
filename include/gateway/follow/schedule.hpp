#pragma once
// When the cloud is asked about a change: intervals that grow, and a pace for each account and region. Pure: time is
// passed in.

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace gateway::follow {

using std::chrono::microseconds;

// Until the next look at a job or an order, by the time since the change began: from 2 s to 30 s, after an hour 5 min.
[[nodiscard]] microseconds job_interval(microseconds since_begin) noexcept;

// Until the next look for evidence, by the time since the first one was due: from a third of `settle_after` to 10 min.
[[nodiscard]] microseconds evidence_interval(microseconds since_first, microseconds settle_after) noexcept;

// How fast an account may be asked. A request takes a turn; a change that would have to wait long for one is put off to
// a place in line, so that those of other accounts are not held up. Bounded by the number of accounts.
class pace {
public:
    using clock = std::chrono::steady_clock;

    explicit pace(microseconds interval) : interval_(interval) {}

    // The time from now at which the request may go out, which is taken by it.
    [[nodiscard]] microseconds take_turn(std::string_view key, clock::time_point now);
    // Zero: a turn is near. Else when to come again, in a line where everybody waits for a turn.
    [[nodiscard]] microseconds delay(std::string_view key, clock::time_point now);

    // The cloud said that it is asked too often (429): half as fast. Each good answer undoes a part of that.
    void slow_down(std::string_view key);
    void speed_up(std::string_view key);

private:
    struct entry {
        clock::time_point next_turn{}, next_place{};
        unsigned slowness = 0;  // halvings, in eighths
    };
    [[nodiscard]] microseconds interval_of(const entry& one) const;
    [[nodiscard]] entry& find(std::string_view key);

    microseconds interval_;
    std::map<std::string, entry, std::less<>> entries_;
};

}  // namespace gateway::follow
