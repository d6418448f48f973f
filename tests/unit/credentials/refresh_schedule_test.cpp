#include "gateway/credentials/refresh_schedule.hpp"

#include <gtest/gtest.h>

namespace gateway::credentials {
namespace {

using namespace std::chrono_literals;
using time = refresh_schedule::time;

const time now = time(1'000'000s);

double share(const refresh_schedule& schedule, std::chrono::seconds life) {
    return std::chrono::duration<double>(*schedule.due() - now) / life;
}

TEST(refresh_schedule, fetches_nothing_before_a_call_needs_it) {
    refresh_schedule one;
    EXPECT_FALSE(one.due().has_value());
    one.on_demand(now);
    EXPECT_EQ(one.due(), now);
}

TEST(refresh_schedule, refreshes_between_a_half_and_three_quarters_of_any_lifetime) {
    for (const auto life : {2s, 900s, 3600s, 86400s}) {
        for (const double jitter : {0.0, 0.3, 1.0}) {
            refresh_schedule one;
            one.on_success(now, now + life, false, jitter);
            EXPECT_GE(share(one, life), 0.5);
            EXPECT_LE(share(one, life), 0.75);
        }
    }
}

TEST(refresh_schedule, refreshes_a_token_at_half_its_lifetime) {
    refresh_schedule one;
    one.on_success(now, now + 86400s, true, 0.0);
    EXPECT_DOUBLE_EQ(share(one, 86400s), 0.5);
    one.on_success(now, now + 86400s, true, 1.0);
    EXPECT_GE(share(one, 86400s), 0.45);
}

TEST(refresh_schedule, spreads_refreshes_at_random) {
    refresh_schedule one, other;
    one.on_success(now, now + 3600s, false, 0.1);
    other.on_success(now, now + 3600s, false, 0.9);
    EXPECT_GT(*other.due() - *one.due(), 600s);
}

TEST(refresh_schedule, never_refreshes_what_never_expires) {
    refresh_schedule one;
    one.on_success(now, time::max(), false, 0.5);
    EXPECT_FALSE(one.due().has_value());
}

TEST(refresh_schedule, tries_again_within_seconds_where_that_does_no_harm) {
    for (const bool refused : {false, true}) {
        refresh_schedule one;
        for (int i = 0; i < 12; ++i) {
            one.on_failure(now, refused, 0ms, 1.0, 5s);
            EXPECT_LE(*one.due() - now, 5s);
        }
        one.on_failure(now, refused, 30s, 1.0, 5s);
        EXPECT_EQ(*one.due() - now, 30s) << "a Retry-After counts";
    }
}

TEST(refresh_schedule, tries_less_and_less_often_while_it_fails) {
    refresh_schedule one;
    std::vector<time::duration> pauses;
    for (int i = 0; i < 12; ++i) {
        one.on_failure(now, false, 0ms, 0.0);
        pauses.push_back(*one.due() - now);
    }
    EXPECT_EQ(pauses.front(), 500ms);
    EXPECT_EQ(pauses[1], 1s);
    EXPECT_EQ(pauses[2], 2s);
    EXPECT_EQ(pauses.back(), 60s);
}

TEST(refresh_schedule, waits_minutes_after_the_credential_was_refused) {
    refresh_schedule one;
    one.on_failure(now, false, 0ms, 0.0);
    one.on_failure(now, true, 0ms, 0.0);
    EXPECT_EQ(*one.due() - now, 60s);
    one.on_failure(now, true, 0ms, 0.0);
    EXPECT_EQ(*one.due() - now, 120s);
    for (int i = 0; i < 20; ++i)
        one.on_failure(now, true, 0ms, 0.0);
    EXPECT_EQ(*one.due() - now, 1h);
    EXPECT_TRUE(one.was_refused());
}

TEST(refresh_schedule, waits_for_retry_after_when_that_is_longer) {
    refresh_schedule one;
    one.on_failure(now, false, 30s, 0.0);
    EXPECT_EQ(*one.due() - now, 30s);
}

TEST(refresh_schedule, a_call_that_needs_it_does_not_shorten_the_pause_after_a_failure) {
    refresh_schedule one;
    one.on_failure(now, true, 0ms, 0.0);
    one.on_demand(now + 1s);
    EXPECT_EQ(one.due(), now + 60s);
    one.forget_failures(now + 2s);
    EXPECT_EQ(one.due(), now + 2s);
}

TEST(refresh_schedule, fetches_at_once_what_was_revoked) {
    refresh_schedule one;
    one.on_success(now - 1h, now + 1h, false, 0.5);
    one.on_revoked(now, 0.0);
    EXPECT_EQ(one.due(), now);
}

// A cloud that calls every fresh secret expired must not get a fetch for each call.
TEST(refresh_schedule, waits_longer_and_longer_when_fresh_secrets_are_revoked) {
    refresh_schedule one;
    auto fetched = now;
    std::vector<time::duration> pauses;
    for (int i = 0; i < 9; ++i) {
        one.on_success(fetched, fetched + 1h, false, 0.5);
        one.on_revoked(fetched + 1s, 0.0);
        pauses.push_back(*one.due() - fetched - 1s);
        fetched = *one.due();
    }
    EXPECT_EQ(pauses.front(), 500ms);
    EXPECT_EQ(pauses[1], 1s);
    EXPECT_EQ(pauses.back(), 60s);
    one.on_success(fetched, fetched + 1h, false, 0.5);
    one.on_revoked(fetched + 30min, 0.0);
    EXPECT_EQ(one.due(), fetched + 30min);
}

TEST(refresh_schedule, looks_again_at_an_unused_secret_before_it_expires) {
    refresh_schedule one;
    one.on_success(now, now + 1h, false, 0.0);
    one.on_unused(now + 30min, now + 1h);
    EXPECT_EQ(one.due(), now + 45min);
    one.on_unused(now + 1h - 1s, now + 1h);
    EXPECT_EQ(one.due(), now + 1h);
    one.cancel();
    EXPECT_FALSE(one.due().has_value());
}

TEST(probe_delay, grows_and_stays_below_the_cloud_s_lock_at_first) {
    EXPECT_EQ(probe_delay(0), 30s);
    EXPECT_EQ(probe_delay(1), 120s);
    EXPECT_EQ(probe_delay(2), 480s);
    EXPECT_EQ(probe_delay(3), 1800s);
    EXPECT_EQ(probe_delay(100), 1800s);
}

}  // namespace
}  // namespace gateway::credentials
