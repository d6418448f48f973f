#include "gateway/net/tick.hpp"

#include <ctime>

namespace gateway::net {

namespace {

using std::chrono::nanoseconds;

steady_time from(timespec monotonic) noexcept {  // the clock of steady_clock, in libstdc++
    return steady_time(std::chrono::seconds(monotonic.tv_sec) + nanoseconds(monotonic.tv_nsec));
}

}  // namespace

steady_time tick::last() noexcept {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
    return from(at);
}

nanoseconds tick::length() noexcept {
    static const auto is = [] {
        timespec length{};
        ::clock_getres(CLOCK_MONOTONIC_COARSE, &length);
        return from(length).time_since_epoch();
    }();
    return is;
}

}  // namespace gateway::net
