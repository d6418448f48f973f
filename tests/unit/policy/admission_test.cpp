#include "gateway/policy/admission.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "world.hpp"

namespace gateway::policy {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

const steady_clock::time_point start{std::chrono::hours(1000)};

config::rule limited(std::string name, std::optional<config::rate> rate, std::optional<std::uint32_t> max = {}) {
    config::rule one = allow(std::move(name));
    one.rate = rate;
    one.max_in_flight = max;
    return one;
}

TEST(admission, lets_a_rule_without_limits_through) {
    const admission gate(world({allow("free")}), nullptr);
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(gate.admit(0, planner, start).admitted);
}

TEST(admission, lets_a_full_bucket_through_at_once_and_then_one_call_a_token) {
    const admission gate(world({limited("r", config::rate{30, 1min})}), nullptr);
    for (int i = 0; i < 30; ++i)
        EXPECT_TRUE(gate.admit(0, planner, start).admitted) << i;
    const auto over = gate.admit(0, planner, start);
    EXPECT_FALSE(over.admitted);
    EXPECT_TRUE(over.over_rate);
    EXPECT_EQ(over.retry_after, 2s);
    // A token every two seconds, and none of a refused call.
    EXPECT_FALSE(gate.admit(0, planner, start + 1999ms).admitted);
    EXPECT_EQ(gate.admit(0, planner, start + 1999ms).retry_after, 1s);
    EXPECT_TRUE(gate.admit(0, planner, start + 2s).admitted);
    EXPECT_FALSE(gate.admit(0, planner, start + 2s).admitted);
    // Full again after a minute, and no fuller than full after an hour.
    int admitted = 0;
    for (int i = 0; i < 100; ++i)
        admitted += gate.admit(0, planner, start + 1h).admitted ? 1 : 0;
    EXPECT_EQ(admitted, 30);
}

TEST(admission, rounds_the_wait_up_to_whole_seconds) {
    struct row {
        config::rate rate;
        std::chrono::milliseconds later;
        std::chrono::seconds retry_after;
    };
    for (const row& r : std::vector<row>{
             {{1, 10s}, 0ms, 10s},
             {{1, 10s}, 1ms, 10s},
             {{1, 10s}, 9000ms, 1s},
             {{1, 10s}, 9999ms, 1s},
             {{1, 100ms}, 0ms, 1s},
             {{1, 1h}, 0ms, 3600s},
         }) {
        const admission gate(world({limited("r", r.rate)}), nullptr);
        EXPECT_TRUE(gate.admit(0, planner, start).admitted);
        EXPECT_EQ(gate.admit(0, planner, start + r.later).retry_after, r.retry_after);
    }
}

TEST(admission, counts_each_caller_and_each_rule_by_itself) {
    const admission gate(world({limited("r", config::rate{1, 1min}), limited("t", config::rate{1, 1min})}), nullptr);
    EXPECT_TRUE(gate.admit(0, planner, start).admitted);
    EXPECT_FALSE(gate.admit(0, planner, start).admitted);
    EXPECT_TRUE(gate.admit(0, ci, start).admitted);
    EXPECT_TRUE(gate.admit(1, planner, start).admitted);
}

TEST(admission, counts_a_call_in_flight_until_its_ticket_is_released) {
    const admission gate(world({limited("r", {}, 2)}), nullptr);
    auto first = gate.admit(0, planner, start);
    auto second = gate.admit(0, planner, start);
    EXPECT_TRUE(second.admitted);
    const auto third = gate.admit(0, planner, start);
    EXPECT_FALSE(third.admitted);
    EXPECT_FALSE(third.over_rate);
    EXPECT_EQ(third.retry_after, 1s);
    EXPECT_TRUE(gate.admit(0, ci, start).admitted);

    first.hold.release();
    first.hold.release();  // is counted once only
    {
        auto again = gate.admit(0, planner, start);
        EXPECT_TRUE(again.admitted);
        EXPECT_FALSE(gate.admit(0, planner, start).admitted);
        admission::ticket kept = std::move(again.hold);
        EXPECT_FALSE(gate.admit(0, planner, start).admitted);
        second.hold = std::move(kept);  // releases what it held
        EXPECT_TRUE(gate.admit(0, planner, start).admitted);
    }
    EXPECT_TRUE(gate.admit(0, planner, start).admitted);
}

TEST(admission, a_call_refused_for_one_limit_costs_nothing_of_the_other) {
    const admission gate(world({limited("r", config::rate{2, 1min}, 1)}), nullptr);
    {
        const auto held = gate.admit(0, planner, start);
        EXPECT_TRUE(held.admitted);
        for (int i = 0; i < 10; ++i)
            EXPECT_FALSE(gate.admit(0, planner, start).over_rate);
    }
    { EXPECT_TRUE(gate.admit(0, planner, start).admitted); }
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(gate.admit(0, planner, start).over_rate);
    EXPECT_TRUE(gate.admit(0, planner, start + 30s).admitted);
}

TEST(admission, a_rule_that_can_not_allow_limits_nothing) {
    config::rule denies = deny("d");
    denies.rate = config::rate{1, 1h};
    const admission gate(world({denies, shadowed(limited("s", config::rate{1, 1h}))}), nullptr);
    for (std::uint32_t rule : {0U, 1U}) {
        EXPECT_TRUE(gate.admit(rule, planner, start).admitted);
        EXPECT_TRUE(gate.admit(rule, planner, start).admitted);
    }
}

TEST(admission, a_rule_of_named_callers_has_cells_for_them) {
    config::rule one = limited("r", config::rate{1, 1min});
    one.callers = names{"sidecar", "ci"};
    const admission gate(world({one}), nullptr);
    for (std::uint32_t caller : {ci, sidecar}) {
        EXPECT_TRUE(gate.admit(0, caller, start).admitted);
        EXPECT_FALSE(gate.admit(0, caller, start).admitted);
    }
}

TEST(admission, a_reload_resets_nothing_of_the_same_rule_and_caller) {
    auto first = std::make_unique<admission>(world({limited("r", config::rate{1, 1min}, 1)}), nullptr);
    auto held = first->admit(0, planner, start);
    EXPECT_TRUE(held.admitted);

    // Another place in the list, and callers in another order.
    config::settings moved =
        world({allow("new"), limited("r", config::rate{1, 1min}, 1), limited("t", config::rate{1, 1min})});
    std::swap(moved.callers[planner], moved.callers[sidecar]);
    const admission second(moved, first.get());
    EXPECT_FALSE(second.admit(1, sidecar, start).admitted);
    EXPECT_FALSE(second.admit(1, sidecar, start).over_rate);
    EXPECT_TRUE(second.admit(1, planner, start).admitted);
    EXPECT_TRUE(second.admit(2, sidecar, start).admitted);

    held.hold.release();
    EXPECT_TRUE(second.admit(1, sidecar, start).over_rate);
    first.reset();
    EXPECT_TRUE(second.admit(1, sidecar, start + 1min).admitted);
}

TEST(admission, takes_over_what_was_used_and_goes_by_the_new_numbers) {
    const admission first(world({limited("r", config::rate{2, 1h}, 1)}), nullptr);
    const auto held = first.admit(0, planner, start);
    { EXPECT_FALSE(first.admit(0, planner, start).admitted); }

    const admission more(world({limited("r", config::rate{2, 1h}, 2)}), &first);
    EXPECT_TRUE(more.admit(0, planner, start).admitted);
    EXPECT_TRUE(more.admit(0, planner, start).over_rate);

    // Empty is empty under the new rate too, but it fills as the new rate says and not in the hour of the old.
    const admission faster(world({limited("r", config::rate{60, 1min})}), &more);
    EXPECT_EQ(faster.admit(0, planner, start).retry_after, 1s);
    EXPECT_TRUE(faster.admit(0, planner, start + 1s).admitted);
    EXPECT_FALSE(faster.admit(0, planner, start + 1s).admitted);
}

TEST(admission, lets_through_exactly_what_it_may_when_two_threads_ask) {
    const admission gate(world({limited("r", config::rate{1000, 1h}), limited("f", {}, 3)}), nullptr);
    std::atomic<int> admitted{0};
    std::atomic<int> in_flight{0};
    std::atomic<bool> too_many{false};
    const auto ask = [&] {
        for (int i = 0; i < 5000; ++i) {
            if (gate.admit(0, planner, start).admitted) ++admitted;
            const auto held = gate.admit(1, planner, start);
            const auto more = gate.admit(1, planner, start);
            const int mine = (held.admitted ? 1 : 0) + (more.admitted ? 1 : 0);
            if ((in_flight += mine) > 3) too_many = true;
            in_flight -= mine;
        }
    };
    std::thread one(ask);
    std::thread two(ask);
    one.join();
    two.join();
    EXPECT_EQ(admitted, 1000);
    EXPECT_FALSE(too_many);
    const auto a = gate.admit(1, planner, start);
    const auto b = gate.admit(1, planner, start);
    const auto c = gate.admit(1, planner, start);
    EXPECT_TRUE(a.admitted && b.admitted && c.admitted);  // every ticket was released
}

}  // namespace
}  // namespace gateway::policy
