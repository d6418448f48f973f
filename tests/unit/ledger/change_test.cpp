#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "gateway/ledger/change.hpp"

namespace gateway::ledger {
namespace {

using enum state;

struct pair {
    state from, to;
    ledger::cause cause;
    auto operator<=>(const pair&) const = default;
};

// Every arrow there is, by hand.
const std::set<pair> plain{
    {sending, accepted, cause::exchange},
    {sending, awaiting_payment, cause::exchange},
    {sending, refused, cause::exchange},
    {sending, unknown, cause::exchange},
    {sending, not_sent, cause::exchange},
    {unknown, accepted, cause::late_answer},
    {unknown, awaiting_payment, cause::late_answer},
    {unknown, refused, cause::late_answer},
    {unknown, accepted, cause::evidence},
    {unknown, awaiting_payment, cause::evidence},
    {unknown, succeeded, cause::evidence},
    {unknown, not_applied, cause::evidence},
    {unknown, not_known, cause::evidence},
    {accepted, succeeded, cause::following},
    {accepted, failed, cause::following},
    {accepted, awaiting_payment, cause::following},
    {accepted, not_known, cause::following},
    {awaiting_payment, accepted, cause::following},
    {awaiting_payment, succeeded, cause::following},
    {awaiting_payment, failed, cause::following},
    {awaiting_payment, cancelled, cause::following},
    {awaiting_payment, not_known, cause::following},
    {sending, succeeded, cause::operators},
    {sending, failed, cause::operators},
    {sending, cancelled, cause::operators},
    {sending, not_applied, cause::operators},
    {unknown, succeeded, cause::operators},
    {unknown, failed, cause::operators},
    {unknown, cancelled, cause::operators},
    {unknown, not_applied, cause::operators},
    {accepted, succeeded, cause::operators},
    {accepted, failed, cause::operators},
    {accepted, cancelled, cause::operators},
    {accepted, not_applied, cause::operators},
    {awaiting_payment, succeeded, cause::operators},
    {awaiting_payment, failed, cause::operators},
    {awaiting_payment, cancelled, cause::operators},
    {awaiting_payment, not_applied, cause::operators},
};
// Ends that the cloud's own answer overrules: by whom they were given.
const std::set<std::pair<state, bool>> overruled{
    {not_applied, false}, {not_applied, true}, {succeeded, true}, {failed, true},
    {cancelled, true},    {refused, true},     {not_sent, true},  {not_known, true},  // which no operator can give
};

TEST(change, has_exactly_the_arrows_of_the_table_for_every_pair_of_states_and_cause) {
    for (const state from : all_states) {
        for (const state to : all_states) {
            for (const ledger::cause cause : all_causes) {
                for (const bool ended_by_operator : {false, true}) {
                    const bool contradicts =
                        cause == cause::late_answer && to == accepted && overruled.contains({from, ended_by_operator});
                    const arrow expected = plain.contains({from, to, cause}) ? arrow::plain
                                           : contradicts                     ? arrow::contradiction
                                                                             : arrow::none;
                    EXPECT_EQ(find_arrow(from, ended_by_operator, to, cause), expected)
                        << name(from) << " to " << name(to) << ", cause " << static_cast<int>(cause)
                        << ", ended by an operator " << ended_by_operator;
                }
            }
        }
    }
}

TEST(change, spells_its_states_as_answers_and_files_do) {
    EXPECT_EQ(name(sending), "sending");
    EXPECT_EQ(name(unknown), "unknown");
    EXPECT_EQ(name(accepted), "accepted");
    EXPECT_EQ(name(awaiting_payment), "awaiting_payment");
    EXPECT_EQ(name(succeeded), "succeeded");
    EXPECT_EQ(name(failed), "failed");
    EXPECT_EQ(name(cancelled), "cancelled");
    EXPECT_EQ(name(refused), "refused");
    EXPECT_EQ(name(not_applied), "not_applied");
    EXPECT_EQ(name(not_sent), "not_sent");
    EXPECT_EQ(name(not_known), "not_known");
    for (const state each : all_states)
        EXPECT_EQ(read_state(name(each)), each);
    EXPECT_EQ(read_state("Accepted"), std::nullopt);
    EXPECT_EQ(read_state(""), std::nullopt);
}

TEST(change, has_ended_counts_and_frees_by_its_state) {
    const std::set open{sending, unknown, accepted, awaiting_payment};
    const std::set nothing_done{refused, not_applied, not_sent};
    for (const state each : all_states) {
        EXPECT_EQ(has_ended(each), !open.contains(each)) << name(each);
        EXPECT_EQ(counts_for_rate(each), !nothing_done.contains(each)) << name(each);
        EXPECT_EQ(keeps_key(each), !nothing_done.contains(each)) << name(each);
        EXPECT_EQ(keeps_signature(each), each != not_sent) << name(each);
    }
}

}  // namespace
}  // namespace gateway::ledger
