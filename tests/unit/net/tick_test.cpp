#include "gateway/net/tick.hpp"

#include <gtest/gtest.h>
#include <sys/timerfd.h>

#include <filesystem>
#include <string>
#include <thread>

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

TEST(tick, is_a_clock_that_goes_in_steps_of_its_length_and_is_never_ahead) {
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

// Until a tick in which `turns` turns had room, as others may have had the processor.
template <class Then>
void within_a_tick(tick_keeper& kept, int turns, Then then) {
    for (;;) {
        const auto before = tick::last();
        while (tick::last() == before) {
        }
        const auto began = std::chrono::steady_clock::now();
        for (int i = 0; i < turns; ++i)
            kept.turned();
        const auto left = until_it_rings();
        if (std::chrono::steady_clock::now() - began > tick::length() / 2) continue;
        then(left);
        return;
    }
}

TEST(tick_keeper, stands_from_the_second_turn_within_a_tick_on) {
    tick_keeper kept;
    within_a_tick(kept, 2, [](auto left) {
        EXPECT_GT(left, 0ns);
        EXPECT_LE(left, tick::length());
    });
    while (until_it_rings() != 0ns) {
    }
    within_a_tick(kept, 2, [](auto left) { EXPECT_GT(left, 0ns) << "anew in each tick"; });
}

TEST(tick_keeper, lets_the_tick_be_where_turns_are_rare) {
    tick_keeper kept;
    within_a_tick(kept, 1, [](auto left) { EXPECT_EQ(left, 0ns); });
}

}  // namespace
}  // namespace gateway::net
