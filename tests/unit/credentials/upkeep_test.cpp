#include "gateway/credentials/upkeep.hpp"

#include <gtest/gtest.h>

namespace gateway::credentials {
namespace {

using namespace std::chrono_literals;
using time = upkeep::time;

const time now = time(1'000'000s);

double share(const upkeep& of, std::chrono::seconds life) {
    return std::chrono::duration<double>(*of.due() - now) / life;
}

TEST(upkeep, fetches_nothing_before_somebody_wants_it) {
    upkeep one;
    EXPECT_FALSE(one.due().has_value());
    one.wanted(now);
    EXPECT_EQ(one.due(), now);
}

TEST(upkeep, renews_between_a_half_and_three_quarters_of_any_life) {
    for (const auto life : {2s, 900s, 3600s, 86400s}) {
        for (const double dice : {0.0, 0.3, 1.0}) {
            upkeep one;
            one.came(now, now + life, false, dice);
            EXPECT_GE(share(one, life), 0.5);
            EXPECT_LE(share(one, life), 0.75);
        }
    }
}

TEST(upkeep, renews_a_token_at_half_its_life) {
    upkeep one;
    one.came(now, now + 86400s, true, 0.0);
    EXPECT_DOUBLE_EQ(share(one, 86400s), 0.5);
    one.came(now, now + 86400s, true, 1.0);
    EXPECT_GE(share(one, 86400s), 0.45);
}

TEST(upkeep, spreads_renewals_by_chance) {
    upkeep one, other;
    one.came(now, now + 3600s, false, 0.1);
    other.came(now, now + 3600s, false, 0.9);
    EXPECT_GT(*other.due() - *one.due(), 600s);
}

TEST(upkeep, never_renews_what_never_ends) {
    upkeep one;
    one.came(now, time::max(), false, 0.5);
    EXPECT_FALSE(one.due().has_value());
}

TEST(upkeep, tries_again_within_seconds_where_that_does_no_harm) {
    for (const bool refused : {false, true}) {
        upkeep one;
        for (int i = 0; i < 12; ++i) {
            one.failed(now, refused, 0ms, 1.0, 5s);
            EXPECT_LE(*one.due() - now, 5s);
        }
        one.failed(now, refused, 30s, 1.0, 5s);
        EXPECT_EQ(*one.due() - now, 30s) << "a Retry-After is heard";
    }
}

TEST(upkeep, tries_less_and_less_often_while_it_fails) {
    upkeep one;
    std::vector<time::duration> pauses;
    for (int i = 0; i < 12; ++i) {
        one.failed(now, false, 0ms, 0.0);
        pauses.push_back(*one.due() - now);
    }
    EXPECT_EQ(pauses.front(), 500ms);
    EXPECT_EQ(pauses[1], 1s);
    EXPECT_EQ(pauses[2], 2s);
    EXPECT_EQ(pauses.back(), 60s);
}

TEST(upkeep, is_minutes_apart_when_the_credential_is_said_to_be_wrong) {
    upkeep one;
    one.failed(now, false, 0ms, 0.0);
    one.failed(now, true, 0ms, 0.0);
    EXPECT_EQ(*one.due() - now, 60s);
    one.failed(now, true, 0ms, 0.0);
    EXPECT_EQ(*one.due() - now, 120s);
    for (int i = 0; i < 20; ++i)
        one.failed(now, true, 0ms, 0.0);
    EXPECT_EQ(*one.due() - now, 1h);
    EXPECT_TRUE(one.was_refused());
}

TEST(upkeep, keeps_to_retry_after_when_that_is_longer) {
    upkeep one;
    one.failed(now, false, 30s, 0.0);
    EXPECT_EQ(*one.due() - now, 30s);
}

TEST(upkeep, a_call_that_wants_it_does_not_shorten_the_pause_after_a_failure) {
    upkeep one;
    one.failed(now, true, 0ms, 0.0);
    one.wanted(now + 1s);
    EXPECT_EQ(one.due(), now + 60s);
    one.forget_failures(now + 2s);
    EXPECT_EQ(one.due(), now + 2s);
}

TEST(upkeep, fetches_at_once_what_was_revoked) {
    upkeep one;
    one.came(now - 1h, now + 1h, false, 0.5);
    one.dropped(now, 0.0);
    EXPECT_EQ(one.due(), now);
}

// A cloud that calls every fresh secret expired must not be met by a fetch for each call.
TEST(upkeep, waits_longer_and_longer_for_what_is_revoked_as_soon_as_it_has_come) {
    upkeep one;
    auto at = now;
    std::vector<time::duration> pauses;
    for (int i = 0; i < 9; ++i) {
        one.came(at, at + 1h, false, 0.5);
        one.dropped(at + 1s, 0.0);
        pauses.push_back(*one.due() - at - 1s);
        at = *one.due();
    }
    EXPECT_EQ(pauses.front(), 500ms);
    EXPECT_EQ(pauses[1], 1s);
    EXPECT_EQ(pauses.back(), 60s);
    one.came(at, at + 1h, false, 0.5);
    one.dropped(at + 30min, 0.0);
    EXPECT_EQ(one.due(), at + 30min);
}

TEST(upkeep, looks_again_at_what_nobody_used_before_it_has_expired) {
    upkeep one;
    one.came(now, now + 1h, false, 0.0);
    one.idle(now + 30min, now + 1h);
    EXPECT_EQ(one.due(), now + 45min);
    one.idle(now + 1h - 1s, now + 1h);
    EXPECT_EQ(one.due(), now + 1h);
    one.unwanted();
    EXPECT_FALSE(one.due().has_value());
}

TEST(rest_after, grows_and_stays_below_the_cloud_s_lock_at_first) {
    EXPECT_EQ(rest_after(0), 30s);
    EXPECT_EQ(rest_after(1), 120s);
    EXPECT_EQ(rest_after(2), 480s);
    EXPECT_EQ(rest_after(3), 1800s);
    EXPECT_EQ(rest_after(100), 1800s);
}

}  // namespace
}  // namespace gateway::credentials
