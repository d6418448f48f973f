#include "gateway/follow/evidence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

namespace gateway::follow {

using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

constexpr ledger::instant start{1'800'000'000s};
constexpr auto settle_after = 3min;

ledger::change make_change() {
    ledger::change made;
    made.request.id = "c1";
    made.request.flavor = "large";
    made.request.server_ids = {"s1"};
    made.request.begun = start;
    return made;
}

trace make_trace() {
    trace made;
    made.time = start;
    made.code = 200;
    made.flavor = "large";
    made.has_response = true;
    made.job_id = "j1";
    return made;
}

finding judge(const trace& only, bool is_whole = true) {
    const std::array traces{only};
    return judge_traces(traces, is_whole, make_change(), {start - 1min, start + 4min},
                        [](std::string_view id) { return id == "another's"; });
}

template <class Edit>
verdict judge_changed(Edit edit) {
    trace changed = make_trace();
    edit(changed);
    return judge(changed).says;
}

}  // namespace

TEST(traces_of_a_resize, show_it_by_the_flavor_the_time_and_ids_that_are_no_others) {
    const finding found = judge(make_trace());
    EXPECT_EQ(found.says, verdict::took_place);
    EXPECT_EQ(found.job_id, "j1");
    EXPECT_EQ(judge_changed([](trace& t) { t.code = 0; }), verdict::took_place);  // written at the end of the job
    EXPECT_EQ(judge_changed([](trace& t) {
                  t.job_id.clear();
                  t.order_id = "CS1";
              }),
              verdict::took_place);
    EXPECT_EQ(judge_changed([](trace& t) {
                  t.time = start + 1h;
                  t.job_begun = start + 1s;
              }),
              verdict::took_place);
}

TEST(traces_of_a_resize, of_others_are_none) {
    EXPECT_EQ(judge_changed([](trace& t) { t.flavor = "small"; }), verdict::did_not);
    EXPECT_EQ(judge_changed([](trace& t) { t.code = 400; }), verdict::did_not);
    EXPECT_EQ(judge_changed([](trace& t) { t.job_id = "another's"; }), verdict::did_not);
    EXPECT_EQ(judge_changed([](trace& t) { t.job_id.clear(); }), verdict::did_not);  // a dry run
    EXPECT_EQ(judge_changed([](trace& t) { t.time = start + 10min; }), verdict::did_not);
    EXPECT_EQ(judge_changed([](trace& t) { t.time = start - 2min; }), verdict::did_not);
    EXPECT_EQ(judge_changed([](trace& t) {
                  t.time = start + 1h;
                  t.job_begun = start + 30min;
              }),
              verdict::did_not);
    EXPECT_EQ(judge_traces({}, true, make_change(), {}, {}).says, verdict::did_not);
}

TEST(traces_of_a_resize, that_can_not_be_read_or_are_too_many_decide_nothing) {
    EXPECT_EQ(judge_changed([](trace& t) { t.is_readable = false; }), verdict::nothing);
    EXPECT_EQ(judge_changed([](trace& t) { t.has_response = false; }), verdict::nothing);
    // Of a job that ended later, whose beginning is not told.
    EXPECT_EQ(judge_changed([](trace& t) {
                  t.time = start + 1h;
                  t.code = 0;
              }),
              verdict::nothing);
    EXPECT_EQ(judge_traces({}, false, make_change(), {}, {}).says, verdict::nothing);
}

TEST(server_of_a_resize, shows_it_by_its_flavor_and_denies_it_when_nothing_is_under_way) {
    EXPECT_EQ(judge_server({"large", "", {}}, make_change()).says, verdict::took_place);
    EXPECT_EQ(judge_server({"large", "resize_prep", {}}, make_change()).says, verdict::took_place);
    EXPECT_EQ(judge_server({"small", "resize_prep", {}}, make_change()).says, verdict::wait);
    EXPECT_EQ(judge_server({"small", "", {}}, make_change()).says, verdict::did_not);
}

TEST(change_of_a_silent_sender, can_be_sent_while_its_signature_is_good_and_with_a_token_at_any_time) {
    EXPECT_FALSE(can_still_be_sent(false, true, start, start));
    EXPECT_TRUE(can_still_be_sent(true, false, start, start + 15min));
    EXPECT_FALSE(can_still_be_sent(true, false, start, start + 16min));
    EXPECT_TRUE(can_still_be_sent(true, true, start, start + 24h));
}

TEST(distance_of_two_looks, is_five_minutes_or_twice_settle_after_and_a_second_at_least) {
    EXPECT_EQ(look_distance(3min), 5min);
    EXPECT_EQ(look_distance(1min), 2min);
    EXPECT_EQ(look_distance(100ms), 1s);
}

// Every combination of what the sources said at two looks, of charging, and of whether anybody can still send it,
// beside the rule as its page states it.
TEST(rule_of_an_unknown_resize, is_what_its_page_says_for_every_combination) {
    constexpr std::array says{verdict::took_place, verdict::did_not, verdict::wait, verdict::nothing};
    int denied = 0, combinations = 0;
    for (const verdict server1 : says)
        for (const verdict server2 : says)
            for (const verdict traced : says)
                for (const verdict ordered : says)
                    for (const auto distance : {4min, 5min})
                        for (const auto first : {2min, 3min})
                            for (const bool maybe_prepaid : {false, true})
                                for (const bool can_be_sent : {false, true}) {
                                    const std::vector<ledger::evidence_entry> evidence{
                                        {start + first, "server", std::string(name(server1)), ""},
                                        {start + first, "trace", std::string(name(traced)), ""},
                                        {start + first, "order", std::string(name(ordered)), ""},
                                        {start + first + distance, "server", std::string(name(server2)), ""}};
                                    const auto rule = rule_unknown({.begun = start,
                                                                    .settle_after = settle_after,
                                                                    .maybe_prepaid = maybe_prepaid,
                                                                    .can_still_be_sent = can_be_sent,
                                                                    .evidence = evidence});
                                    const bool expected =
                                        server1 == verdict::did_not && server2 == verdict::did_not && first >= 3min &&
                                        distance >= 5min && traced == verdict::did_not &&
                                        ordered != verdict::took_place &&
                                        (!maybe_prepaid || ordered == verdict::did_not) && !can_be_sent;
                                    EXPECT_EQ(rule.not_applied, expected)
                                        << name(server1) << name(server2) << name(traced) << name(ordered);
                                    denied += rule.not_applied;
                                    ++combinations;
                                }
    EXPECT_EQ(combinations, 4096);
    EXPECT_EQ(denied, 4);  // postpaid with any order but one that took place (3), prepaid with a denial
}

TEST(rule_of_an_unknown_resize, begins_anew_when_something_was_under_way_between_the_looks) {
    const auto at = [](int minute, const char* source, const char* word) {
        return ledger::evidence_entry{start + minute * 1min, source, word, ""};
    };
    std::vector<ledger::evidence_entry> evidence{at(3, "server", "did_not"), at(3, "trace", "did_not"),
                                                 at(5, "server", "wait"), at(9, "server", "did_not")};
    const auto rule = [&] {
        return rule_unknown(
            {.begun = start, .settle_after = settle_after, .maybe_prepaid = false, .evidence = evidence});
    };
    EXPECT_FALSE(rule().not_applied);
    EXPECT_THAT(rule().reason, HasSubstr("two looks at the server"));
    evidence.push_back(at(14, "server", "did_not"));
    EXPECT_TRUE(rule().not_applied);
    evidence.push_back(at(15, "trace", "nothing"));  // denied before, and not answered now
    EXPECT_TRUE(rule().not_applied);
    evidence.push_back(at(16, "trace", "took_place"));
    EXPECT_FALSE(rule().not_applied);
}

TEST(rule_of_an_unknown_resize, names_all_that_is_missing) {
    const auto rule = rule_unknown({.begun = start, .settle_after = settle_after, .can_still_be_sent = true});
    for (const char* part : {"server", "traces", "orders", "replica"})
        EXPECT_THAT(rule.reason, HasSubstr(part));
}

}  // namespace gateway::follow
