#include "gateway/credentials/standing.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace gateway::credentials {

static void PrintTo(const key_state& key, std::ostream* out) {
    *out << (key.accepted ? "accepted" : "not accepted") << ", trials " << key.trials << ", refusals " << key.refusals
         << ", of " << static_cast<std::uint32_t>(key.refused_only) << ", unknown verdicts " << key.unknown_verdicts;
}

namespace {

constexpr requester nobody = requester::nobody, itself = requester::gateway;
constexpr auto a = static_cast<requester>(2), b = static_cast<requester>(3);

constexpr key_state key(bool accepted, unsigned trials, unsigned refusals, requester only, unsigned verdicts = 0) {
    return {.accepted = accepted,
            .trials = trials,
            .refusals = refusals,
            .refused_only = only,
            .unknown_verdicts = verdicts};
}

TEST(key_state, admits_who_asks_by_what_was_refused_to_whom) {
    struct {
        key_state of;
        admission of_a, of_b, of_itself;
    } const cases[] = {
        // Never accepted: two calls at a time try it.
        {key(false, 0, 0, nobody), admission::trial, admission::trial, admission::trial},
        {key(false, 1, 0, nobody), admission::trial, admission::trial, admission::trial},
        {key(false, 2, 0, nobody), admission::wait, admission::wait, admission::trial},
        {key(false, 3, 0, nobody), admission::wait, admission::wait, admission::wait},
        // Refused to a alone: once two were, a waits, and one call of another may show whose fault it is.
        {key(false, 0, 1, a), admission::trial, admission::trial, admission::trial},
        {key(false, 1, 1, a), admission::wait, admission::trial, admission::trial},
        {key(false, 0, 2, a), admission::wait, admission::trial, admission::trial},
        {key(false, 1, 2, a), admission::wait, admission::wait, admission::wait},
        {key(false, 0, 3, a), admission::wait, admission::wait, admission::wait},
        // Accepted before that: nobody else is held back.
        {key(true, 0, 0, nobody), admission::free, admission::free, admission::free},
        {key(true, 0, 1, a), admission::free, admission::free, admission::free},
        {key(true, 0, 2, a), admission::wait, admission::free, admission::free},
        {key(true, 0, 3, a), admission::wait, admission::free, admission::free},
        // The gateway's own queries told nothing: after three a tries once, and no more when that is refused, too.
        {key(true, 0, 2, a, 2), admission::wait, admission::free, admission::free},
        {key(true, 0, 2, a, 3), admission::trial, admission::free, admission::free},
        {key(true, 1, 2, a, 3), admission::wait, admission::free, admission::free},
        {key(true, 0, 3, a, 4), admission::wait, admission::free, admission::free},
        {key(false, 0, 2, a, 3), admission::trial, admission::trial, admission::trial},
        {key(false, 1, 2, a, 3), admission::wait, admission::wait, admission::wait},
        // Refusals that count.
        {key(false, 0, 2, itself), admission::trial, admission::trial, admission::trial},
        {key(false, 1, 2, itself), admission::wait, admission::wait, admission::wait},
        {key(false, 0, 3, itself), admission::rested, admission::rested, admission::rested},
        {key(false, 2, 3, itself), admission::rested, admission::rested, admission::rested},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(admission_of(c.of, a), c.of_a) << testing::PrintToString(c.of);
        EXPECT_EQ(admission_of(c.of, b), c.of_b) << testing::PrintToString(c.of);
        EXPECT_EQ(admission_of(c.of, itself), c.of_itself) << testing::PrintToString(c.of);
    }
}

TEST(key_state, counts_refusals_once_they_are_not_of_one_caller_alone) {
    struct {
        key_state before;
        requester of;
        key_state after;
        consequence then;
    } const cases[] = {
        {key(true, 0, 0, nobody), a, key(true, 0, 1, a), consequence::none},
        {key(true, 0, 1, a), a, key(true, 0, 2, a), consequence::query},
        {key(true, 0, 2, a), a, key(true, 0, 3, a), consequence::none},  // was under way
        {key(true, 0, 3, a), a, key(true, 0, 3, a), consequence::none},
        {key(true, 0, 1, a), b, key(false, 0, 2, itself), consequence::none},
        {key(true, 0, 2, a), b, key(false, 0, 3, itself), consequence::rest},
        {key(true, 0, 2, a), itself, key(false, 0, 3, itself), consequence::rest},
        {key(true, 0, 3, a), itself, key(false, 0, 3, itself), consequence::rest},
        {key(false, 0, 2, itself), a, key(false, 0, 3, itself), consequence::rest},
        {key(false, 0, 3, itself), b, key(false, 0, 3, itself), consequence::none},
        {key(true, 0, 0, nobody), itself, key(false, 0, 1, itself), consequence::none},
        {key(false, 2, 1, a), a, key(false, 2, 2, a), consequence::query},
        {key(true, 1, 2, a, 3), a, key(true, 1, 3, a, 4), consequence::none},
        {key(true, 0, 2, a, 3), itself, key(false, 0, 3, itself), consequence::rest},
    };
    for (const auto& c : cases) {
        const key_state after = after_refusal(c.before, c.of);
        EXPECT_EQ(after, c.after) << testing::PrintToString(c.before);
        EXPECT_EQ(consequence_of(c.before, after), c.then) << testing::PrintToString(c.before);
        EXPECT_EQ(after_acceptance(after), key(true, c.before.trials, 0, nobody));
    }
}

TEST(key_state, counts_verdicts_that_tell_nothing_while_a_caller_is_held_back) {
    struct {
        key_state before, after;
    } const cases[] = {
        {key(true, 0, 2, a), key(true, 0, 2, a, 1)},
        {key(true, 0, 2, a, 2), key(true, 0, 2, a, 3)},
        {key(true, 0, 2, a, 3), key(true, 0, 2, a, 3)},
        {key(true, 0, 3, a, 4), key(true, 0, 3, a, 4)},  // it had its try
        {key(true, 0, 0, nobody), key(true, 0, 0, nobody)},
        {key(true, 0, 1, a), key(true, 0, 1, a)},
        {key(false, 0, 3, itself), key(false, 0, 3, itself)},
    };
    for (const auto& c : cases)
        EXPECT_EQ(after_unknown_verdict(c.before), c.after) << testing::PrintToString(c.before);
}

TEST(caller_named, is_neither_nobody_nor_the_gateway) {
    for (int i = 0; i < 10000; ++i)
        EXPECT_GE(static_cast<std::uint32_t>(caller_named("caller-" + std::to_string(i))), 2U);
    EXPECT_EQ(caller_named("x"), caller_named("x"));
    EXPECT_NE(caller_named("planner"), caller_named("viewer"));
}

TEST(standing, lets_few_calls_try_a_key_until_the_cloud_has_taken_it) {
    standing tried(false);
    EXPECT_EQ(tried.admit(a), admission::trial);
    EXPECT_EQ(tried.admit(b), admission::trial);
    EXPECT_EQ(tried.admit(a), admission::wait);
    EXPECT_FALSE(tried.is_good());
    tried.accepted();
    EXPECT_TRUE(tried.is_good());
    tried.end_trial();
    EXPECT_TRUE(tried.is_good());
    EXPECT_EQ(tried.admit(a), admission::free);
}

TEST(standing, takes_what_the_cloud_made_a_moment_ago_as_good) {
    standing fresh(true);
    EXPECT_TRUE(fresh.is_good());
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(fresh.admit(a), admission::free);
}

// A caller whose calls are refused for what is in them takes the key from nobody.
TEST(standing, serves_others_whatever_is_refused_to_one_caller) {
    standing used(true);
    for (int i = 0; i < 100; ++i) {
        const auto then = used.refused(a);
        EXPECT_EQ(then, i == 1 ? consequence::query : consequence::none);
        EXPECT_EQ(used.admit(b), admission::free);
    }
    EXPECT_TRUE(used.is_doubted());
    EXPECT_EQ(used.admit(a), admission::wait);
    EXPECT_FALSE(used.is_rested());
    used.accepted();  // the gateway's own query, or another caller's call
    EXPECT_FALSE(used.is_doubted());
    EXPECT_EQ(used.admit(a), admission::free);
}

TEST(standing, rests_a_key_at_the_third_refusal_in_a_row_and_says_so_once) {
    standing used(true);
    EXPECT_EQ(used.refused(a), consequence::none);
    EXPECT_EQ(used.refused(b), consequence::none);
    EXPECT_EQ(used.refused(a), consequence::rest);
    EXPECT_EQ(used.refused(b), consequence::none);  // calls that were under way
    EXPECT_TRUE(used.is_rested());
    EXPECT_EQ(used.admit(a), admission::rested);
    used.accepted();
    EXPECT_FALSE(used.is_rested());
    EXPECT_EQ(used.admit(a), admission::free);
}

// While the cloud answers nothing but 429 and 5xx to the gateway's own query.
TEST(standing, lets_a_caller_try_once_when_three_queries_told_nothing) {
    standing used(true);
    static_cast<void>(used.refused(a));
    static_cast<void>(used.refused(a));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(used.admit(a), admission::wait);
        used.note_unknown_verdict();
    }
    EXPECT_FALSE(used.is_good());
    EXPECT_EQ(used.admit(a), admission::trial);
    EXPECT_EQ(used.admit(a), admission::wait) << "one at a time";
    used.end_trial();  // of which the answer told nothing
    EXPECT_EQ(used.admit(a), admission::trial);
    EXPECT_EQ(used.refused(a), consequence::none);
    used.end_trial();
    used.note_unknown_verdict();
    EXPECT_EQ(used.admit(a), admission::wait);
    EXPECT_TRUE(used.is_doubted());
    used.accepted();
    EXPECT_TRUE(used.is_good());
}

TEST(standing, says_when_a_rested_key_was_accepted) {
    standing used(true);
    EXPECT_FALSE(used.accepted());
    for (int i = 0; i < 3; ++i)
        static_cast<void>(used.refused(itself));
    EXPECT_TRUE(used.accepted());
    EXPECT_FALSE(used.accepted());
    EXPECT_TRUE(used.is_good());
}

TEST(standing, begins_to_count_anew_when_one_is_taken) {
    standing used(true);
    EXPECT_EQ(used.refused(a), consequence::none);
    EXPECT_EQ(used.refused(b), consequence::none);
    used.accepted();
    EXPECT_EQ(used.refused(a), consequence::none);
    EXPECT_EQ(used.refused(b), consequence::none);
    EXPECT_EQ(used.refused(a), consequence::rest);
}

// The point of it all: more than five refusals in a row lock the key, so there are never more than three.
TEST(standing, never_lets_more_than_three_calls_be_refused_however_many_threads_try) {
    for (int round = 0; round < 50; ++round) {
        standing tried(false);
        std::atomic<int> sent{0};
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < 8; ++t) {
            threads.emplace_back([&, by = static_cast<requester>(2 + t % 4)] {
                for (;;) {
                    switch (tried.admit(by)) {
                        case admission::trial:
                            ++sent;
                            static_cast<void>(tried.refused(by));
                            tried.end_trial();
                            break;
                        case admission::wait:
                            std::this_thread::yield();
                            break;
                        case admission::free:
                            ADD_FAILURE();
                            return;
                        case admission::rested:
                            return;
                    }
                }
            });
        }
        for (auto& thread : threads)
            thread.join();
        EXPECT_EQ(sent, 3);
    }
}

TEST(standing, is_either_good_or_counts_refusals_whatever_happens_at_once) {
    for (int round = 0; round < 200; ++round) {
        standing used(true);
        std::thread refusing([&] {
            for (int i = 0; i < 3; ++i)
                static_cast<void>(used.refused(itself));
        });
        used.accepted();
        refusing.join();
        used.accepted();
        EXPECT_TRUE(used.is_good());
        EXPECT_EQ(used.refused(itself), consequence::none);
        EXPECT_EQ(used.refused(itself), consequence::none);
        EXPECT_EQ(used.refused(itself), consequence::rest);
    }
}

}  // namespace
}  // namespace gateway::credentials
