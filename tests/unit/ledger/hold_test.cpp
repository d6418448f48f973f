#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/ledger/change.hpp"

namespace gateway::ledger {
namespace {

using namespace std::chrono_literals;

constexpr instant begun{1'000'000s};
const hold open{hold::kind::open, {}};
const hold none{};

struct row {
    std::string name;
    hold_facts facts;
    std::vector<look> looks;
    hold expected;
};

hold_facts unknown_one(bool maybe_prepaid = false, bool order_denies = false, bool got_4xx = false,
                       std::chrono::microseconds settle_after = 3min) {
    return {.current = state::unknown,
            .begun = begun,
            .last_good_answer = begun,
            .maybe_prepaid = maybe_prepaid,
            .order_denies = order_denies,
            .got_4xx = got_4xx,
            .settle_after = settle_after};
}

hold_facts in_state(state current, bool was_released = false) {
    return {.current = current, .was_released = was_released, .begun = begun, .last_good_answer = begun + 1h};
}

TEST(hold, is_what_the_table_says) {
    const look early{begun + 1min, true}, first{begun + 3min, true}, second{begun + 5min, true};
    const look busy{begun + 4min, false}, late{begun + 9min, true}, later{begun + 12min, true};
    const std::vector<row> rows{
        {"while it is sent", in_state(state::sending), {}, open},
        {"accepted: ten minutes beyond the last good answer",
         in_state(state::accepted),
         {},
         {hold::kind::until, begun + 1h + 10min}},
        {"accepted, but it has awaited payment before", in_state(state::accepted, true), {}, none},
        {"awaiting payment", in_state(state::awaiting_payment), {}, none},
        {"unknown, and nobody has looked", unknown_one(), {}, open},
        {"unknown, but taken over", in_state(state::unknown, true), {}, none},
        {"one look is not enough", unknown_one(), {first}, open},
        {"two looks are", unknown_one(), {first, second}, none},
        {"two looks, the second too early", unknown_one(), {first, {begun + 4min, true}}, open},
        {"the first look too early", unknown_one(), {early, second}, open},
        {"the first too early, then two", unknown_one(), {early, first, second}, none},
        {"something went on between two looks", unknown_one(), {first, busy, second}, open},
        {"something went on, and then it was quiet twice", unknown_one(), {first, busy, late, later}, none},
        {"something goes on since", unknown_one(), {first, second, {begun + 6min, false}}, open},
        {"prepaid: the server alone says too little", unknown_one(true), {first, second}, open},
        {"prepaid, and no order is its own", unknown_one(true, true), {first, second}, none},
        {"the orders alone say too little", unknown_one(true, true), {first}, open},
        {"after a whole 4xx the first look is enough", unknown_one(false, false, true), {first}, none},
        {"but not one that is too early", unknown_one(false, false, true), {early}, open},
        {"and not where something goes on", unknown_one(false, false, true), {first, busy}, open},
        {"and not for a prepaid one", unknown_one(true, false, true), {first}, open},
        {"a long settle_after moves both looks", unknown_one(false, false, false, 10min), {first, second, late}, open},
        {"and then two of them count", unknown_one(false, false, false, 8min), {first, late, later}, none},
    };
    for (const row& each : rows) {
        hold_facts facts = each.facts;
        facts.looks = each.looks;
        EXPECT_EQ(find_hold(facts), each.expected) << each.name;
    }
}

TEST(hold, ends_with_the_change) {
    for (const state each : all_states) {
        if (!has_ended(each)) continue;
        EXPECT_EQ(find_hold(in_state(each)), none) << name(each);
    }
}

}  // namespace
}  // namespace gateway::ledger
