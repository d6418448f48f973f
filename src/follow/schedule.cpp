#include "gateway/follow/schedule.hpp"

#include <algorithm>

namespace gateway::follow {

using namespace std::chrono_literals;

namespace {

constexpr unsigned halving = 8, max_slowness = 6 * halving;
// Turns that a request waits for; a change that is farther from its own is put off.
constexpr int near_turns = 3;

}  // namespace

microseconds job_interval(microseconds since_begin) noexcept {
    if (since_begin >= 1h) return 5min;
    return std::clamp<microseconds>(since_begin / 2, 2s, 30s);
}

microseconds evidence_interval(microseconds since_first, microseconds settle_after) noexcept {
    const microseconds least = std::clamp<microseconds>(settle_after / 3, 100ms, 10min);
    return std::clamp<microseconds>(since_first, least, 10min);
}

microseconds pace::interval_of(const entry& one) const {
    return interval_ * (1 << (one.slowness + halving - 1) / halving);
}

pace::entry& pace::find(std::string_view key) {
    const auto found = entries_.find(key);
    return found != entries_.end() ? found->second : entries_.emplace(key, entry{}).first->second;
}

microseconds pace::take_turn(std::string_view key, clock::time_point now) {
    entry& one = find(key);
    const auto turn = std::max(one.next_turn, now);
    one.next_turn = turn + interval_of(one);
    return std::chrono::ceil<microseconds>(turn - now);
}

microseconds pace::delay(std::string_view key, clock::time_point now) {
    entry& one = find(key);
    const microseconds interval = interval_of(one);
    if (one.next_turn <= now + near_turns * interval) return 0us;
    one.next_place = std::max(one.next_place, one.next_turn) + interval;
    return std::chrono::ceil<microseconds>(one.next_place - now);
}

void pace::slow_down(std::string_view key) {
    entry& one = find(key);
    one.slowness = std::min(one.slowness + halving, max_slowness);
}

void pace::speed_up(std::string_view key) {
    entry& one = find(key);
    if (one.slowness > 0) --one.slowness;
}

}  // namespace gateway::follow
