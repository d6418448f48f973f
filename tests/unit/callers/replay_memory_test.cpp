#include "replay_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <ostream>
#include <thread>
#include <vector>

namespace gateway::callers {

static void PrintTo(replay_status request, std::ostream* out) {
    *out << (request == replay_status::first_use  ? "as_new"
             : request == replay_status::replayed ? "seen_before"
                                                  : "too_old");
}

namespace {

using namespace std::chrono_literals;

const std::chrono::sys_seconds now{1'800'000'000s};
constexpr auto window = 900s;

TEST(replay_memory, accepts_a_signature_once) {
    accepted_signatures memory;
    EXPECT_EQ(memory.accept(1, now, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(1, now, now, window), replay_status::replayed);
    EXPECT_EQ(memory.accept(2, now, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(1, now, now + window, window), replay_status::replayed);
}

TEST(replay_memory, remembers_dates_ahead_until_they_are_past_the_window) {
    accepted_signatures memory;
    EXPECT_EQ(memory.accept(1, now + window, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(2, now + window, now + 2 * window, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(1, now + window, now + 2 * window, window), replay_status::replayed);
}

TEST(replay_memory, refuses_what_it_forgot_when_the_clock_is_set_back) {
    accepted_signatures memory;
    EXPECT_EQ(memory.accept(1, now, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(2, now + 1s + window, now + 1s + window, window), replay_status::first_use);  // forgets 1
    EXPECT_EQ(memory.accept(1, now, now, window), replay_status::too_old);
    // Later dates are still accepted: a clock that jumped ahead for a moment locks nobody out.
    EXPECT_EQ(memory.accept(3, now + 1s, now, window), replay_status::first_use);
}

TEST(replay_memory, forgets_the_oldest_second_when_full_and_refuses_that_date_from_then_on) {
    accepted_signatures memory(4);
    EXPECT_EQ(memory.accept(1, now - 2s, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(2, now - 2s, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(3, now - 1s, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(4, now, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(5, now, now, window), replay_status::first_use);  // forgets 1 and 2
    EXPECT_EQ(memory.accept(1, now - 2s, now, window), replay_status::too_old);
    EXPECT_EQ(memory.accept(9, now - 2s, now, window), replay_status::too_old);
    EXPECT_EQ(memory.accept(9, now - 3s, now, window), replay_status::too_old);
    EXPECT_EQ(memory.accept(3, now - 1s, now, window), replay_status::replayed);
    EXPECT_EQ(memory.accept(6, now - 1s, now, window), replay_status::first_use);
}

TEST(replay_memory, refuses_the_rest_of_a_second_with_a_flood_and_not_the_next) {
    accepted_signatures memory(4);
    for (std::uint64_t i = 0; i < 4; ++i)
        EXPECT_EQ(memory.accept(i, now, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(4, now, now, window), replay_status::too_old);
    EXPECT_EQ(memory.accept(0, now, now, window), replay_status::too_old);
    EXPECT_EQ(memory.accept(5, now + 1s, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(5, now + 1s, now, window), replay_status::replayed);
}

TEST(replay_memory, refuses_a_date_before_all_others_when_full_and_forgets_nothing) {
    accepted_signatures memory(2);
    EXPECT_EQ(memory.accept(1, now + 10s, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(2, now + 10s, now, window), replay_status::first_use);
    EXPECT_EQ(memory.accept(3, now, now, window), replay_status::too_old);
    EXPECT_EQ(memory.accept(1, now + 10s, now, window), replay_status::replayed);
    EXPECT_EQ(memory.accept(2, now + 10s, now, window), replay_status::replayed);
}

TEST(replay_memory, accepts_no_signature_twice_in_any_order_and_flood) {
    accepted_signatures memory(50);
    std::vector<std::chrono::sys_seconds> dates;
    std::vector<int> accepted_count;
    std::uint64_t random = 42;
    const auto next = [&random](std::uint64_t below) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        return (random >> 33) % below;
    };
    auto clock = now;
    int refused = 0;
    for (int i = 0; i < 20000; ++i) {
        if (next(20) == 0) clock += std::chrono::seconds(static_cast<long>(next(9)) - 3);
        if (accepted_count.empty() || next(2) == 0) {
            dates.push_back(clock - 10s + std::chrono::seconds(static_cast<long>(next(21))));
            accepted_count.push_back(0);
        }
        const std::size_t index = next(8) == 0 ? next(accepted_count.size()) : accepted_count.size() - 1;
        if (dates[index] < clock - 10s || dates[index] > clock + 10s) continue;
        if (memory.accept(index, dates[index], clock, 10s) == replay_status::first_use)
            ++accepted_count[index];
        else
            ++refused;
        ASSERT_LE(accepted_count[index], 1) << index;
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
            if (memory.accept(i, date, date, window) == replay_status::first_use) ++accepted;
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
    auto first = memory.signatures_of("AK1");
    EXPECT_EQ(memory.signatures_of("AK1"), first);
    EXPECT_NE(memory.signatures_of("AK2"), first);
    EXPECT_EQ(first->accept(1, now, now, window), replay_status::first_use);
    auto second = memory.signatures_of("AK1");
    first.reset();
    EXPECT_EQ(memory.signatures_of("AK1")->accept(1, now, now, window), replay_status::replayed);
    second.reset();
    EXPECT_EQ(memory.signatures_of("AK1")->accept(1, now, now, window), replay_status::first_use);
}

}  // namespace
}  // namespace gateway::callers
