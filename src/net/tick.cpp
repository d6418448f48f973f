#include "gateway/net/tick.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

namespace gateway::net {

namespace {

using std::chrono::nanoseconds;

// 20 to 200 us made no difference where a tick is 4 ms.
constexpr nanoseconds ahead{50'000};

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

tick_keeper::tick_keeper() : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (timer_ < 0) throw std::system_error(errno, std::system_category(), "timerfd_create");
}

tick_keeper::~tick_keeper() { ::close(timer_); }

steady_time tick_keeper::before_next_tick(steady_time now, nanoseconds length) noexcept {
    const auto since_tick = (now.time_since_epoch() + ahead) % length;
    return now - since_tick + length;
}

void tick_keeper::turned() noexcept {
    const auto now = tick::last();
    if (now != seen_) {
        seen_ = now;
        turns_ = 0;
    }
    if (turns_ == busy || ++turns_ != busy) return;
    const auto at = before_next_tick(std::chrono::steady_clock::now(), tick::length()).time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const itimerspec once{.it_interval = {},
                          .it_value = {.tv_sec = seconds.count(), .tv_nsec = (at - seconds).count()}};
    // Fails only for what is no timer.
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &once, nullptr);
}

}  // namespace gateway::net
