#include "gateway/follow/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;

namespace gateway::follow {

TEST(interval_of_a_job, grows_from_two_seconds_to_thirty_and_after_an_hour_to_five_minutes) {
    EXPECT_EQ(job_interval(0s), 2s);
    EXPECT_EQ(job_interval(2s), 2s);
    EXPECT_EQ(job_interval(20s), 10s);
    EXPECT_EQ(job_interval(10min), 30s);
    EXPECT_EQ(job_interval(59min), 30s);
    EXPECT_EQ(job_interval(60min), 5min);
    EXPECT_EQ(job_interval(-5s), 2s);  // the clock was set back
}

TEST(interval_of_evidence, grows_from_a_third_of_settle_after_to_ten_minutes) {
    EXPECT_EQ(evidence_interval(0s, 3min), 1min);
    EXPECT_EQ(evidence_interval(4min, 3min), 4min);
    EXPECT_EQ(evidence_interval(24h, 3min), 10min);
    EXPECT_EQ(evidence_interval(0s, 0s), 100ms);
}

TEST(pace, gives_an_account_a_turn_each_second_and_others_their_own) {
    pace turns(1s);
    const pace::clock::time_point now{};
    EXPECT_EQ(turns.take_turn("a", now), 0us);
    EXPECT_EQ(turns.take_turn("a", now), 1s);
    EXPECT_EQ(turns.take_turn("a", now), 2s);
    EXPECT_EQ(turns.take_turn("b", now), 0us);
    EXPECT_EQ(turns.take_turn("a", now + 10s), 0us);
}

TEST(pace, puts_changes_off_to_places_a_turn_apart_where_the_line_is_long) {
    pace turns(1s);
    const pace::clock::time_point now{};
    for (int i = 0; i < 5; ++i)
        static_cast<void>(turns.take_turn("a", now));
    const auto first = turns.delay("a", now), second = turns.delay("a", now);
    EXPECT_GE(first, 5s);
    EXPECT_EQ(second - first, 1s);
    EXPECT_EQ(turns.delay("b", now), 0us);
    EXPECT_EQ(turns.delay("a", now + first), 0us);  // in its place it is not put off once more
}

TEST(pace, halves_when_the_cloud_says_so_and_comes_back_by_good_answers) {
    pace turns(1s);
    pace::clock::time_point now{};
    turns.slow_down("a");
    static_cast<void>(turns.take_turn("a", now));
    EXPECT_EQ(turns.take_turn("a", now), 2s);
    turns.slow_down("a");
    now += 1min;
    static_cast<void>(turns.take_turn("a", now));
    EXPECT_EQ(turns.take_turn("a", now), 4s);
    for (int i = 0; i < 16; ++i)
        turns.speed_up("a");
    now += 1min;
    static_cast<void>(turns.take_turn("a", now));
    EXPECT_EQ(turns.take_turn("a", now), 1s);
    for (int i = 0; i < 100; ++i)
        turns.slow_down("a");
    now += 1h;
    static_cast<void>(turns.take_turn("a", now));
    EXPECT_LE(turns.take_turn("a", now), 64s);
}

}  // namespace gateway::follow
