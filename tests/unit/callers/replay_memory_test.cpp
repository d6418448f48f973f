#include "replay_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <ostream>
#include <thread>
#include <vector>

namespace gateway::callers {

static void PrintTo(remembered what, std::ostream* out) {
    *out << (what == remembered::as_new ? "as_new" : what == remembered::seen_before ? "seen_before" : "too_old");
}

namespace {

using namespace std::chrono_literals;

const std::chrono::sys_seconds now{1'800'000'000s};
constexpr auto window = 900s;

TEST(replay_memory, takes_a_signature_once) {
    accepted_signatures memory;
    EXPECT_EQ(memory.accept(1, now, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(1, now, now, window), remembered::seen_before);
    EXPECT_EQ(memory.accept(2, now, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(1, now, now + window, window), remembered::seen_before);
}

TEST(replay_memory, remembers_dates_ahead_until_they_are_past_the_window) {
    accepted_signatures memory;
    EXPECT_EQ(memory.accept(1, now + window, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(2, now + window, now + 2 * window, window), remembered::as_new);
    EXPECT_EQ(memory.accept(1, now + window, now + 2 * window, window), remembered::seen_before);
}

TEST(replay_memory, does_not_bring_back_what_it_forgot_when_the_clock_is_set_back) {
    accepted_signatures memory;
    EXPECT_EQ(memory.accept(1, now, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(2, now + 1s + window, now + 1s + window, window), remembered::as_new);  // forgets 1
    EXPECT_EQ(memory.accept(1, now, now, window), remembered::too_old);
    // What is later than the forgotten is as good as ever: a clock that jumped ahead for a moment shuts nobody out.
    EXPECT_EQ(memory.accept(3, now + 1s, now, window), remembered::as_new);
}

TEST(replay_memory, forgets_the_oldest_second_when_full_and_refuses_that_date_from_then_on) {
    accepted_signatures memory(4);
    EXPECT_EQ(memory.accept(1, now - 2s, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(2, now - 2s, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(3, now - 1s, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(4, now, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(5, now, now, window), remembered::as_new);  // forgets 1 and 2
    EXPECT_EQ(memory.accept(1, now - 2s, now, window), remembered::too_old);
    EXPECT_EQ(memory.accept(9, now - 2s, now, window), remembered::too_old);
    EXPECT_EQ(memory.accept(9, now - 3s, now, window), remembered::too_old);
    EXPECT_EQ(memory.accept(3, now - 1s, now, window), remembered::seen_before);
    EXPECT_EQ(memory.accept(6, now - 1s, now, window), remembered::as_new);
}

TEST(replay_memory, a_flood_within_one_second_ends_that_second_and_not_the_next) {
    accepted_signatures memory(4);
    for (std::uint64_t i = 0; i < 4; ++i)
        EXPECT_EQ(memory.accept(i, now, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(4, now, now, window), remembered::too_old);
    EXPECT_EQ(memory.accept(0, now, now, window), remembered::too_old);
    EXPECT_EQ(memory.accept(5, now + 1s, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(5, now + 1s, now, window), remembered::seen_before);
}

TEST(replay_memory, a_date_before_all_that_fills_it_is_refused_and_forgets_nothing) {
    accepted_signatures memory(2);
    EXPECT_EQ(memory.accept(1, now + 10s, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(2, now + 10s, now, window), remembered::as_new);
    EXPECT_EQ(memory.accept(3, now, now, window), remembered::too_old);
    EXPECT_EQ(memory.accept(1, now + 10s, now, window), remembered::seen_before);
    EXPECT_EQ(memory.accept(2, now + 10s, now, window), remembered::seen_before);
}

TEST(replay_memory, no_signature_is_taken_twice_whatever_the_order_and_the_flood) {
    accepted_signatures memory(50);
    std::vector<std::chrono::sys_seconds> dates;
    std::vector<int> taken;
    std::uint64_t random = 42;
    const auto next = [&random](std::uint64_t below) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        return (random >> 33) % below;
    };
    auto clock = now;
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        if (next(20) == 0) clock += std::chrono::seconds(static_cast<long>(next(9)) - 3);
        if (taken.empty() || next(2) == 0) {
            dates.push_back(clock - 10s + std::chrono::seconds(static_cast<long>(next(21))));
            taken.push_back(0);
        }
        const std::size_t which = next(8) == 0 ? next(taken.size()) : taken.size() - 1;
        if (dates[which] < clock - 10s || dates[which] > clock + 10s) continue;
        if (memory.accept(which, dates[which], clock, 10s) == remembered::as_new)
            ++taken[which];
        else
            ++refused;
        ASSERT_LE(taken[which], 1) << which;
    }
    EXPECT_GT(refused, 1000);
    EXPECT_LT(refused, 19000);
}

TEST(replay_memory, two_threads_do_not_both_get_a_signature_accepted) {
    accepted_signatures memory;
    std::atomic<int> accepted{0};
    const auto send_all = [&] {
        for (std::uint64_t i = 0; i < 20000; ++i) {
            const auto date = now + std::chrono::seconds(i / 1000);
            if (memory.accept(i, date, date, window) == remembered::as_new) ++accepted;
        }
    };
    std::thread one(send_all);
    std::thread two(send_all);
    one.join();
    two.join();
    EXPECT_EQ(accepted, 20000);
}

TEST(replay_memory, keeps_a_callers_signatures_for_as_long_as_a_directory_holds_them) {
    replay_memory memory;
    auto first = memory.of("AK1");
    EXPECT_EQ(memory.of("AK1"), first);
    EXPECT_NE(memory.of("AK2"), first);
    EXPECT_EQ(first->accept(1, now, now, window), remembered::as_new);
    auto second = memory.of("AK1");
    first.reset();
    EXPECT_EQ(memory.of("AK1")->accept(1, now, now, window), remembered::seen_before);
    second.reset();
    EXPECT_EQ(memory.of("AK1")->accept(1, now, now, window), remembered::as_new);
}

}  // namespace
}  // namespace gateway::callers
