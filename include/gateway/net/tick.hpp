#pragma once
// The kernel's tick: a clock that costs next to nothing to read, and sleeps that cost less.

#include <chrono>

namespace gateway::net {

using steady_time = std::chrono::steady_clock::time_point;

namespace tick {

// The time of the last tick, a few milliseconds ago, at a fifth of what the time of now costs.
[[nodiscard]] steady_time last() noexcept;
// From one to the next: 1 to 10 ms, as the kernel was built.
[[nodiscard]] std::chrono::nanoseconds length() noexcept;

}  // namespace tick

// Makes the sleeps of a busy loop cheaper. Before a core sleeps, the kernel may stop its tick, and starts it again when
// the core wakes: each time the clock is told anew when to ring next, which on a virtual machine is a way to its host
// of a microsecond or two. Where another timer rings before the tick would, the clock stays as it was. So one that
// nobody waits for stands right before the next tick, as long as calls come: 0.2 such ways for a call in place of 0.8,
// and 0.90 to 0.97 of its CPU (Linux 6.18, 250 ticks a second, the cpuidle governor haltpoll, as virtual machines have
// it: docs/performance.md). Where a governor keeps the tick through short sleeps, it gains nothing, for one timer a
// tick.
//
// Newer kernels have their ticks at multiples of their length. Where they are not, the timer stands somewhere between
// two of them, and about half of this is gained.
class tick_keeper {
public:
    tick_keeper();  // throws std::system_error when the system has no more descriptors
    tick_keeper(const tick_keeper&) = delete;
    tick_keeper& operator=(const tick_keeper&) = delete;
    ~tick_keeper();

    // To be called once for each turn in which there was something to do, on the loop's thread. The timer stands once
    // there were `busy` of them within a tick. A lone call has two, and gains as well: at 500 calls a second it
    // costs 0.88 times what it costs nginx, 0.98 if the timer stands from four turns on; at 100 no difference.
    static constexpr int busy = 2;
    void turned() noexcept;

    // When the timer rings: a little before the first tick that is not nearer than that.
    [[nodiscard]] static steady_time before_next_tick(steady_time now, std::chrono::nanoseconds length) noexcept;

private:
    int timer_;
    steady_time seen_{};
    int turns_ = 0;  // since then
};

}  // namespace gateway::net
