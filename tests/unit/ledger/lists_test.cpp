#include "stores.hpp"

namespace gateway::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class list_of_changes : public any_store {
protected:
    void SetUp() override {
        any_store::SetUp();
        for (int i = 0; i < 6; ++i) {
            change_request r = resize("c" + std::to_string(i), "s" + std::to_string(i % 3));
            r.project_id = i < 3 ? "p1" : "p2";
            r.identity.caller = i % 2 == 0 ? "even" : "odd";
            r.identity.account = i == 5 ? "other" : "acme";
            r.identity.key = "k" + std::to_string(i / 4);
            r.identity.subject = std::to_string(i);
            r.begun = start + std::chrono::hours(i);
            ASSERT_EQ(recorded_as(r), "recorded");
        }
        move(answer("c0", state::accepted));
        move(answer("c1", state::refused));
    }
    std::vector<std::string> ids(const list_filter& filter, bool newest_first = true) {
        const auto page = newest_first ? ledger->list(filter, start) : ledger->list_oldest_first(filter, start);
        std::vector<std::string> found;
        for (const change& each : page.value().changes)
            found.push_back(each.request.id);
        return found;
    }
};
FOR_ALL_STORES(list_of_changes);

TEST_P(list_of_changes, has_the_newest_first) {
    EXPECT_THAT(ids({}), ElementsAre("c5", "c4", "c3", "c2", "c1", "c0"));
    EXPECT_THAT(ids({}, false), ElementsAre("c0", "c1", "c2", "c3", "c4", "c5"));
}

TEST_P(list_of_changes, has_only_what_every_filter_lets_through) {
    EXPECT_THAT(ids({.project_id = "p1"}), ElementsAre("c2", "c1", "c0"));
    EXPECT_THAT(ids({.server_id = "s1"}), ElementsAre("c4", "c1"));
    EXPECT_THAT(ids({.key = "k1"}), ElementsAre("c5", "c4"));
    EXPECT_THAT(ids({.caller = "odd"}), ElementsAre("c5", "c3", "c1"));
    EXPECT_THAT(ids({.caller = "odd", .subject = "3"}), ElementsAre("c3"));
    EXPECT_THAT(ids({.account = "other"}), ElementsAre("c5"));
    EXPECT_THAT(ids({.current = state::accepted}), ElementsAre("c0"));
    EXPECT_THAT(ids({.ended = false}), ElementsAre("c5", "c4", "c3", "c2", "c0"));
    EXPECT_THAT(ids({.ended = true}), ElementsAre("c1"));
    EXPECT_THAT(ids({.since = start + 2h, .until = start + 4h}), ElementsAre("c3", "c2"));
    EXPECT_THAT(ids({.since = start + 2h, .until = start + 4h}, false), ElementsAre("c2", "c3"));
    EXPECT_THAT(ids({.project_id = "p1", .server_id = "s1", .key = "k0", .caller = "odd"}), ElementsAre("c1"));
    EXPECT_THAT(ids({.project_id = "p9"}), IsEmpty());
    EXPECT_THAT(ids({.server_id = "s1", .current = state::refused}), ElementsAre("c1"));
}

TEST_P(list_of_changes, goes_on_at_its_marker) {
    for (const bool newest_first : {true, false}) {
        list_filter filter{.limit = 4};
        const auto page = [&] {
            return newest_first ? ledger->list(filter, start) : ledger->list_oldest_first(filter, start);
        };
        const change_page first = page().value();
        EXPECT_THAT(first.changes, SizeIs(4));
        ASSERT_NE(first.next_marker, "");
        filter.marker = first.next_marker;
        EXPECT_THAT(ids(filter, newest_first), newest_first ? ElementsAre("c1", "c0") : ElementsAre("c4", "c5"));
        EXPECT_EQ(page().value().next_marker, "");
    }
    EXPECT_EQ(ledger->list({.limit = 6}, start).value().next_marker, "");
}

TEST_P(list_of_changes, says_which_hold_their_server) {
    const auto page = ledger->list({}, start + 5h).value();
    std::vector<bool> holds;
    for (const change& each : page.changes)
        holds.push_back(each.holds);
    EXPECT_THAT(holds, ElementsAre(true, true, true, true, false, false));  // the accepted one's time is over
}

TEST_P(list_of_changes, starts_where_the_time_begins_in_a_long_one) {
    for (int i = 0; i < 500; ++i) {
        change_request r = power_operation("d" + std::to_string(i));
        r.begun = start + 10h + std::chrono::hours(i);
        record(r);
    }
    EXPECT_THAT(ids({.since = start + 10h + 250h, .limit = 2}, false), ElementsAre("d250", "d251"));
    EXPECT_THAT(ids({.since = start + 10h + 498h}), ElementsAre("d499", "d498"));
    EXPECT_THAT(ids({.until = start + 1h}), ElementsAre("c0"));
    EXPECT_THAT(ids({.since = start + 5000h}, false), IsEmpty());
}

TEST_P(list_of_changes, is_counted_by_states_that_have_not_ended) {
    std::vector<std::pair<state, std::size_t>> counts;
    instant oldest_sending;
    for (const open_count& each : ledger->count_open().value()) {
        counts.emplace_back(each.current, each.count);
        if (each.current == state::sending) oldest_sending = each.oldest;
    }
    EXPECT_THAT(counts, ElementsAre(std::pair(state::sending, 4U), std::pair(state::unknown, 0U),
                                    std::pair(state::accepted, 1U), std::pair(state::awaiting_payment, 0U)));
    EXPECT_EQ(oldest_sending, start + 2h);
}

TEST_P(list_of_changes, that_have_not_ended_is_counted_by_account) {
    std::vector<std::pair<std::string, std::size_t>> counts;
    for (const account_count& each : ledger->count_open_by_account().value())
        counts.emplace_back(each.account, each.count);
    EXPECT_THAT(counts, UnorderedElementsAre(std::pair("acme", 4U), std::pair("other", 1U)));
}

TEST_P(list_of_changes, has_histories_where_they_are_asked_for) {
    EXPECT_THAT(ledger->list({}, start).value().changes.back().history, IsEmpty());
    const auto page = ledger->list_oldest_first({.with_history = true, .limit = 1}, start).value();
    ASSERT_THAT(page.changes.front().history, SizeIs(2));
    EXPECT_EQ(page.changes.front().history[1].state, "accepted");
}

TEST_P(list_of_changes, belongs_to_a_ledger_that_says_what_it_is) {
    commit_one(*ledger, writes::add_freeze{{"f1", {}, "", "", start, start + 1h}}).value();
    const ledger_facts facts = ledger->describe_contents(start).value();
    EXPECT_EQ(facts.version, 1);
    EXPECT_GT(facts.bytes, 4096U);
    EXPECT_EQ(facts.changes, 6U);
    EXPECT_EQ(facts.freezes, 1U);
    EXPECT_EQ(facts.oldest_open.value().request.id, "c0");
    EXPECT_THAT(facts.open, SizeIs(4));
    EXPECT_EQ(ledger->describe_contents(start + 1h).value().freezes, 0U);
}

TEST(a_caller, sees_its_own_changes_of_a_project_or_everybodys) {
    change c;
    c.request.project_id = "p1";
    c.request.identity.caller = "alice";
    c.request.identity.subject = "robot";
    EXPECT_TRUE(can_see({"p1", "alice", "robot"}, c));
    EXPECT_TRUE(can_see({"p1", "", ""}, c));
    EXPECT_FALSE(can_see({"p1", "alice", "person"}, c));
    EXPECT_FALSE(can_see({"p1", "alice", ""}, c));
    EXPECT_FALSE(can_see({"p1", "bob", "robot"}, c));
    EXPECT_FALSE(can_see({"p2", "alice", "robot"}, c));
    EXPECT_FALSE(can_see({"p2", "", ""}, c));
}

TEST_P(list_of_changes, comes_from_a_whole_ledger) { EXPECT_THAT(ledger->check().value(), IsEmpty()); }

}  // namespace
}  // namespace gateway::ledger
