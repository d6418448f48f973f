#include "gateway/net/tick.hpp"

#include <ctime>

namespace gateway::net {

namespace {

using std::chrono::nanoseconds;

steady_time to_steady_time(timespec monotonic) noexcept {  // the clock of steady_clock, in libstdc++
    return steady_time(std::chrono::seconds(monotonic.tv_sec) + nanoseconds(monotonic.tv_nsec));
}

}  // namespace

steady_time tick::last() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return to_steady_time(now);
}

nanoseconds tick::length() noexcept {
    static const auto tick_length = [] {
        timespec length{};
        ::clock_getres(CLOCK_MONOTONIC_COARSE, &length);
        return to_steady_time(length).time_since_epoch();
    }();
    return tick_length;
}

}  // namespace gateway::net
