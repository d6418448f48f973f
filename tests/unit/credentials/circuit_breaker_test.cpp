#include "gateway/credentials/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace gateway::credentials {

static void PrintTo(const key_state& key, std::ostream* out) {
    *out << (key.accepted ? "accepted" : "not accepted") << ", probes " << key.probes << ", refusals " << key.refusals
         << ", sole requester " << static_cast<std::uint32_t>(key.sole_requester) << ", unknown results "
         << key.unknown_results;
}

namespace {

constexpr requester nobody = requester::nobody, the_gateway = requester::gateway;
constexpr auto a = static_cast<requester>(2), b = static_cast<requester>(3);

constexpr key_state key(bool accepted, unsigned probes, unsigned refusals, requester sole, unsigned results = 0) {
    return {.accepted = accepted,
            .probes = probes,
            .refusals = refusals,
            .sole_requester = sole,
            .unknown_results = results};
}

TEST(key_state, admits_a_requester_by_whose_requests_were_refused) {
    struct {
        key_state state;
        admission for_a, for_b, for_gateway;
    } const cases[] = {
        // Never accepted: two calls at a time probe it.
        {key(false, 0, 0, nobody), admission::probe, admission::probe, admission::probe},
        {key(false, 1, 0, nobody), admission::probe, admission::probe, admission::probe},
        {key(false, 2, 0, nobody), admission::wait, admission::wait, admission::probe},
        {key(false, 3, 0, nobody), admission::wait, admission::wait, admission::wait},
        // Refused to a alone: after two refusals a waits, and one call of another requester may probe.
        {key(false, 0, 1, a), admission::probe, admission::probe, admission::probe},
        {key(false, 1, 1, a), admission::wait, admission::probe, admission::probe},
        {key(false, 0, 2, a), admission::wait, admission::probe, admission::probe},
        {key(false, 1, 2, a), admission::wait, admission::wait, admission::wait},
        {key(false, 0, 3, a), admission::wait, admission::wait, admission::wait},
        // Accepted before that: no other requester waits.
        {key(true, 0, 0, nobody), admission::allowed, admission::allowed, admission::allowed},
        {key(true, 0, 1, a), admission::allowed, admission::allowed, admission::allowed},
        {key(true, 0, 2, a), admission::wait, admission::allowed, admission::allowed},
        {key(true, 0, 3, a), admission::wait, admission::allowed, admission::allowed},
        // The gateway's own queries had unknown results: after three a may send one call, and no more when that is
        // refused, too.
        {key(true, 0, 2, a, 2), admission::wait, admission::allowed, admission::allowed},
        {key(true, 0, 2, a, 3), admission::probe, admission::allowed, admission::allowed},
        {key(true, 1, 2, a, 3), admission::wait, admission::allowed, admission::allowed},
        {key(true, 0, 3, a, 4), admission::wait, admission::allowed, admission::allowed},
        {key(false, 0, 2, a, 3), admission::probe, admission::probe, admission::probe},
        {key(false, 1, 2, a, 3), admission::wait, admission::wait, admission::wait},
        // Refusals that count.
        {key(false, 0, 2, the_gateway), admission::probe, admission::probe, admission::probe},
        {key(false, 1, 2, the_gateway), admission::wait, admission::wait, admission::wait},
        {key(false, 0, 3, the_gateway), admission::blocked, admission::blocked, admission::blocked},
        {key(false, 2, 3, the_gateway), admission::blocked, admission::blocked, admission::blocked},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(admission_of(c.state, a), c.for_a) << testing::PrintToString(c.state);
        EXPECT_EQ(admission_of(c.state, b), c.for_b) << testing::PrintToString(c.state);
        EXPECT_EQ(admission_of(c.state, the_gateway), c.for_gateway) << testing::PrintToString(c.state);
    }
}

TEST(key_state, counts_refusals_once_they_are_not_of_one_caller_alone) {
    struct {
        key_state before;
        requester sender;
        key_state after;
        consequence result;
    } const cases[] = {
        {key(true, 0, 0, nobody), a, key(true, 0, 1, a), consequence::none},
        {key(true, 0, 1, a), a, key(true, 0, 2, a), consequence::verify},
        {key(true, 0, 2, a), a, key(true, 0, 3, a), consequence::none},  // was in progress
        {key(true, 0, 3, a), a, key(true, 0, 3, a), consequence::none},
        {key(true, 0, 1, a), b, key(false, 0, 2, the_gateway), consequence::none},
        {key(true, 0, 2, a), b, key(false, 0, 3, the_gateway), consequence::open},
        {key(true, 0, 2, a), the_gateway, key(false, 0, 3, the_gateway), consequence::open},
        {key(true, 0, 3, a), the_gateway, key(false, 0, 3, the_gateway), consequence::open},
        {key(false, 0, 2, the_gateway), a, key(false, 0, 3, the_gateway), consequence::open},
        {key(false, 0, 3, the_gateway), b, key(false, 0, 3, the_gateway), consequence::none},
        {key(true, 0, 0, nobody), the_gateway, key(false, 0, 1, the_gateway), consequence::none},
        {key(false, 2, 1, a), a, key(false, 2, 2, a), consequence::verify},
        {key(true, 1, 2, a, 3), a, key(true, 1, 3, a, 4), consequence::none},
        {key(true, 0, 2, a, 3), the_gateway, key(false, 0, 3, the_gateway), consequence::open},
    };
    for (const auto& c : cases) {
        const key_state after = after_refusal(c.before, c.sender);
        EXPECT_EQ(after, c.after) << testing::PrintToString(c.before);
        EXPECT_EQ(consequence_of(c.before, after), c.result) << testing::PrintToString(c.before);
        EXPECT_EQ(after_acceptance(after), key(true, c.before.probes, 0, nobody));
    }
}

TEST(key_state, counts_unknown_results_while_a_caller_waits) {
    struct {
        key_state before, after;
    } const cases[] = {
        {key(true, 0, 2, a), key(true, 0, 2, a, 1)},
        {key(true, 0, 2, a, 2), key(true, 0, 2, a, 3)},
        {key(true, 0, 2, a, 3), key(true, 0, 2, a, 3)},
        {key(true, 0, 3, a, 4), key(true, 0, 3, a, 4)},  // it has sent its call
        {key(true, 0, 0, nobody), key(true, 0, 0, nobody)},
        {key(true, 0, 1, a), key(true, 0, 1, a)},
        {key(false, 0, 3, the_gateway), key(false, 0, 3, the_gateway)},
    };
    for (const auto& c : cases)
        EXPECT_EQ(after_unknown_result(c.before), c.after) << testing::PrintToString(c.before);
}

TEST(caller_named, is_neither_nobody_nor_the_gateway) {
    for (int i = 0; i < 10000; ++i)
        EXPECT_GE(static_cast<std::uint32_t>(caller_named("caller-" + std::to_string(i))), 2U);
    EXPECT_EQ(caller_named("x"), caller_named("x"));
    EXPECT_NE(caller_named("planner"), caller_named("viewer"));
}

TEST(circuit_breaker, lets_few_calls_probe_a_key_until_the_cloud_has_accepted_it) {
    circuit_breaker tried(false);
    EXPECT_EQ(tried.admit(a), admission::probe);
    EXPECT_EQ(tried.admit(b), admission::probe);
    EXPECT_EQ(tried.admit(a), admission::wait);
    EXPECT_FALSE(tried.is_good());
    tried.on_accepted();
    EXPECT_TRUE(tried.is_good());
    tried.end_probe();
    EXPECT_TRUE(tried.is_good());
    EXPECT_EQ(tried.admit(a), admission::allowed);
}

TEST(circuit_breaker, needs_no_probe_of_a_key_that_the_cloud_has_just_issued) {
    circuit_breaker fresh(true);
    EXPECT_TRUE(fresh.is_good());
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(fresh.admit(a), admission::allowed);
}

// A caller whose calls are refused for their content does not block the key for others.
TEST(circuit_breaker, admits_others_however_often_one_caller_is_refused) {
    circuit_breaker used(true);
    for (int i = 0; i < 100; ++i) {
        const auto result = used.on_refused(a);
        EXPECT_EQ(result, i == 1 ? consequence::verify : consequence::none);
        EXPECT_EQ(used.admit(b), admission::allowed);
    }
    EXPECT_TRUE(used.awaits_verification());
    EXPECT_EQ(used.admit(a), admission::wait);
    EXPECT_FALSE(used.is_open());
    used.on_accepted();  // the gateway's own query, or another caller's call
    EXPECT_FALSE(used.awaits_verification());
    EXPECT_EQ(used.admit(a), admission::allowed);
}

TEST(circuit_breaker, opens_at_the_third_refusal_in_a_row_and_reports_it_once) {
    circuit_breaker used(true);
    EXPECT_EQ(used.on_refused(a), consequence::none);
    EXPECT_EQ(used.on_refused(b), consequence::none);
    EXPECT_EQ(used.on_refused(a), consequence::open);
    EXPECT_EQ(used.on_refused(b), consequence::none);  // calls that were in progress
    EXPECT_TRUE(used.is_open());
    EXPECT_EQ(used.admit(a), admission::blocked);
    used.on_accepted();
    EXPECT_FALSE(used.is_open());
    EXPECT_EQ(used.admit(a), admission::allowed);
}

// While the cloud answers only 429 and 5xx to the gateway's own query.
TEST(circuit_breaker, lets_a_caller_send_one_call_after_three_unknown_results) {
    circuit_breaker used(true);
    static_cast<void>(used.on_refused(a));
    static_cast<void>(used.on_refused(a));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(used.admit(a), admission::wait);
        used.on_unknown_result();
    }
    EXPECT_FALSE(used.is_good());
    EXPECT_EQ(used.admit(a), admission::probe);
    EXPECT_EQ(used.admit(a), admission::wait) << "one at a time";
    used.end_probe();  // with an unknown result
    EXPECT_EQ(used.admit(a), admission::probe);
    EXPECT_EQ(used.on_refused(a), consequence::none);
    used.end_probe();
    used.on_unknown_result();
    EXPECT_EQ(used.admit(a), admission::wait);
    EXPECT_TRUE(used.awaits_verification());
    used.on_accepted();
    EXPECT_TRUE(used.is_good());
}

TEST(circuit_breaker, reports_when_a_key_with_an_open_breaker_was_accepted) {
    circuit_breaker used(true);
    EXPECT_FALSE(used.on_accepted());
    for (int i = 0; i < 3; ++i)
        static_cast<void>(used.on_refused(the_gateway));
    EXPECT_TRUE(used.on_accepted());
    EXPECT_FALSE(used.on_accepted());
    EXPECT_TRUE(used.is_good());
}

TEST(circuit_breaker, counts_from_zero_after_an_acceptance) {
    circuit_breaker used(true);
    EXPECT_EQ(used.on_refused(a), consequence::none);
    EXPECT_EQ(used.on_refused(b), consequence::none);
    used.on_accepted();
    EXPECT_EQ(used.on_refused(a), consequence::none);
    EXPECT_EQ(used.on_refused(b), consequence::none);
    EXPECT_EQ(used.on_refused(a), consequence::open);
}

// More than five refusals in a row lock the key, so there must never be more than three.
TEST(circuit_breaker, lets_at_most_three_calls_be_refused_however_many_threads_probe) {
    for (int round = 0; round < 50; ++round) {
        circuit_breaker tried(false);
        std::atomic<int> sent{0};
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < 8; ++t) {
            threads.emplace_back([&, sender = static_cast<requester>(2 + t % 4)] {
                for (;;) {
                    switch (tried.admit(sender)) {
                        case admission::probe:
                            ++sent;
                            static_cast<void>(tried.on_refused(sender));
                            tried.end_probe();
                            break;
                        case admission::wait:
                            std::this_thread::yield();
                            break;
                        case admission::allowed:
                            ADD_FAILURE();
                            return;
                        case admission::blocked:
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

TEST(circuit_breaker, is_either_good_or_counts_refusals_when_both_happen_at_once) {
    for (int round = 0; round < 200; ++round) {
        circuit_breaker used(true);
        std::thread refusing([&] {
            for (int i = 0; i < 3; ++i)
                static_cast<void>(used.on_refused(the_gateway));
        });
        used.on_accepted();
        refusing.join();
        used.on_accepted();
        EXPECT_TRUE(used.is_good());
        EXPECT_EQ(used.on_refused(the_gateway), consequence::none);
        EXPECT_EQ(used.on_refused(the_gateway), consequence::none);
        EXPECT_EQ(used.on_refused(the_gateway), consequence::open);
    }
}

}  // namespace
}  // namespace gateway::credentials
