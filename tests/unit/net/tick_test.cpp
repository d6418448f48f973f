#include "gateway/net/tick.hpp"

#include <gtest/gtest.h>
#include <sys/timerfd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

// How long it is until this process's only timerfd rings; zero when it is not set, or has rung.
std::chrono::nanoseconds until_it_rings() {
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(each, gone) != "anon_inode:[timerfd]") continue;
        itimerspec set{};
        EXPECT_EQ(::timerfd_gettime(std::stoi(each.path().filename()), &set), 0);
        EXPECT_EQ(set.it_interval.tv_nsec, 0) << "it rings once";
        return std::chrono::seconds(set.it_value.tv_sec) + std::chrono::nanoseconds(set.it_value.tv_nsec);
    }
    ADD_FAILURE() << "no timer";
    return {};
}

TEST(tick, is_a_clock_that_stands_between_ticks_and_is_never_ahead) {
    EXPECT_GE(tick::length(), 1ms);
    EXPECT_LE(tick::length(), 10ms);
    const auto first = tick::last();
    EXPECT_LE(first, std::chrono::steady_clock::now());
    while (tick::last() == first) {
    }
    EXPECT_LE(tick::last(), std::chrono::steady_clock::now());
}

TEST(tick_keeper, rings_a_little_before_the_next_tick) {
    const struct {
        std::chrono::nanoseconds now, length, rings;
    } table[] = {
        {4ms, 4ms, 7950us},      // at a tick
        {5ms, 4ms, 7950us},      // between two
        {7949us, 4ms, 7950us},   // right before it rings
        {7950us, 4ms, 11950us},  // as it rings: before the one after
        {7999us, 4ms, 11950us},  // right before a tick
        {1000'000us, 1ms, 1000'950us},
        {1003'000us, 10ms, 1009'950us},
    };
    for (const auto& row : table) {
        EXPECT_EQ(tick_keeper::before_next_tick(steady_time(row.now), row.length), steady_time(row.rings))
            << row.now.count();
    }
}

// How long the timer has to go after `turns` turns within one tick, of which it has not rung: others may have had the
// processor in between, then another tick has to do.
std::chrono::nanoseconds left_after(tick_keeper& kept, int turns) {
    for (;;) {
        const auto before = tick::last();
        while (tick::last() == before) {
        }
        const auto began = tick::last();
        const auto rings = tick_keeper::before_next_tick(std::chrono::steady_clock::now(), tick::length());
        for (int i = 0; i < turns; ++i)
            kept.turned();
        const auto left = until_it_rings();
        if (tick::last() == began && std::chrono::steady_clock::now() < rings) return left;
    }
}

TEST(tick_keeper, stands_where_turns_follow_each_other_fast) {
    tick_keeper kept;
    const auto left = left_after(kept, tick_keeper::busy);
    EXPECT_GT(left, 0ns);
    EXPECT_LE(left, tick::length());
    while (until_it_rings() != 0ns) {
    }
    EXPECT_GT(left_after(kept, tick_keeper::busy), 0ns) << "anew in each tick";
}

TEST(tick_keeper, lets_the_tick_be_where_turns_are_rare) {
    tick_keeper kept;
    for (int tick = 0; tick < 3; ++tick)
        EXPECT_EQ(left_after(kept, tick_keeper::busy - 1), 0ns);
}

}  // namespace
}  // namespace gateway::net
