// How a change goes on after its record.
#include "stores.hpp"

namespace gateway::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using fate = moved::fate;

class change_in_the_ledger : public any_store {
protected:
    std::vector<std::string> history_of(const std::string& id) {
        std::vector<std::string> states;
        for (const history_entry& each : find(id).history)
            states.push_back(each.state);
        return states;
    }
    moved settle(const std::string& id, state to, ledger::cause cause,
                 std::optional<std::int64_t> fence = std::nullopt) {
        return move(writes::settle{id, to, cause, {}, "", "", start + 1min, start + 2min, fence});
    }
};
FOR_ALL_STORES(change_in_the_ledger);

TEST_P(change_in_the_ledger, is_accepted_and_ends_with_its_job) {
    record(resize("c1"));
    EXPECT_EQ(move(answer("c1", state::accepted)).current, state::accepted);
    EXPECT_TRUE(find("c1").holds);
    EXPECT_EQ(settle("c1", state::succeeded, cause::following).result, fate::done);
    const change c = find("c1");
    EXPECT_EQ(c.current, state::succeeded);
    EXPECT_EQ(c.ended, start + 1min);
    EXPECT_EQ(c.known.job_id, "j1");
    EXPECT_FALSE(c.holds);
    EXPECT_THAT(history_of("c1"), ElementsAre("sending", "accepted", "succeeded"));
    EXPECT_EQ(recorded_as(resize("c2")), "recorded");
}

TEST_P(change_in_the_ledger, keeps_no_answer_that_is_longer_than_4_kib) {
    record(resize("c1"));
    writes::answered w = answer("c1", state::accepted);
    w.answer.body.assign(max_kept_body + 1, 'x');
    EXPECT_EQ(move(w).result, fate::done);
    EXPECT_FALSE(find("c1").answer);
    EXPECT_EQ(find("c1").known.job_id, "j1");
    record(resize("c2", "s2"));
    w.id = "c2";
    w.answer.body.pop_back();
    move(w);
    EXPECT_EQ(find("c2").answer->body.size(), max_kept_body);
}

TEST_P(change_in_the_ledger, takes_no_arrow_that_there_is_not) {
    record(resize("c1"));
    EXPECT_EQ(settle("c1", state::succeeded, cause::following).result, fate::no_arrow);
    EXPECT_EQ(state_of("c1"), state::sending);
    move(answer("c1", state::refused));
    EXPECT_EQ(settle("c1", state::succeeded, cause::following).result, fate::no_arrow);
    EXPECT_EQ(move(writes::unknown{"c1", "", start}).result, fate::no_arrow);
    EXPECT_EQ(state_of("c1"), state::refused);
    EXPECT_EQ(settle("c9", state::succeeded, cause::following).result, fate::no_change);
}

TEST_P(change_in_the_ledger, is_said_to_have_ended_by_the_write_that_ended_it_and_by_no_other) {
    record(resize("c1"));
    EXPECT_FALSE(move(answer("c1", state::accepted)).end);
    const moved last = settle("c1", state::failed, cause::following);
    ASSERT_TRUE(last.end);
    EXPECT_EQ(last.end->operation, "resize");
    EXPECT_EQ(last.end->account, "acme");
    EXPECT_FALSE(settle("c1", state::failed, cause::following).end);
    EXPECT_FALSE(move(writes::unknown{"c9", "", start}).end);
    // One whose record never came to be.
    EXPECT_TRUE(move(writes::not_sent{resize("c2"), "the ledger did not answer in time", start}).end);
    EXPECT_FALSE(move(writes::not_sent{resize("c2"), "the ledger did not answer in time", start}).end);
}

TEST_P(change_in_the_ledger, that_is_unknown_takes_a_late_answer) {
    record(resize("c1"));
    move(writes::unknown{"c1", "no answer in time", start + 1s});
    EXPECT_EQ(find("c1").reason, "no answer in time");
    EXPECT_EQ(move(answer("c1", state::accepted, start + 2s)).result, fate::done);
    EXPECT_EQ(find("c1").answer->status, 200);
    EXPECT_THAT(history_of("c1"), ElementsAre("sending", "unknown", "accepted"));
}

TEST_P(change_in_the_ledger, that_was_believed_not_applied_is_contradicted_by_the_clouds_answer) {
    record(with_key(resize("c1"), "k1"));
    move(writes::unknown{"c1", "", start + 1s});
    settle("c1", state::not_applied, cause::evidence);
    EXPECT_EQ(recorded_as(with_key(resize("c2"), "k1")), "recorded");  // key and server are free
    EXPECT_EQ(move(answer("c1", state::accepted, start + 2min)).result, fate::contradicted);
    const change c = find("c1", start + 3min);
    EXPECT_EQ(c.current, state::accepted);
    EXPECT_TRUE(c.was_contradicted);
    EXPECT_FALSE(c.ended);
    EXPECT_FALSE(c.holds);
    EXPECT_THAT(history_of("c1"), ElementsAre("sending", "unknown", "not_applied", "contradicted", "accepted"));
    EXPECT_EQ(settle("c1", state::succeeded, cause::following).result, fate::done);
    EXPECT_TRUE(find("c2").holds);
}

TEST_P(change_in_the_ledger, contradicted_by_an_order_alone_is_accepted_until_the_order_was_read) {
    record(resize("c1"));
    move(writes::unknown{"c1", "", start + 1s});
    settle("c1", state::not_applied, cause::evidence);
    EXPECT_EQ(move(answer("c1", state::awaiting_payment, start + 2min)).result, fate::contradicted);
    EXPECT_EQ(state_of("c1"), state::accepted);
    EXPECT_EQ(find("c1").known.order_id, "CS1");
    EXPECT_EQ(settle("c1", state::awaiting_payment, cause::following).result, fate::done);
}

TEST_P(change_in_the_ledger, that_a_person_ended_keeps_who_and_why_until_the_cloud_contradicts) {
    record(resize("c1"));
    move(writes::unknown{"c1", "", start + 1s});
    EXPECT_EQ(move(writes::resolve{"c1", state::failed, "alice", "looked at it", start + 2s}).result, fate::done);
    EXPECT_EQ(find("c1").resolved_by, "alice");
    EXPECT_EQ(find("c1").reason, "looked at it");
    EXPECT_EQ(move(writes::resolve{"c1", state::succeeded, "bob", "", start + 3s}).result, fate::no_arrow);
    EXPECT_EQ(find("c1").resolved_by, "alice");
    EXPECT_EQ(move(answer("c1", state::accepted, start + 4s)).result, fate::contradicted);
    // From now on it is the cloud's again: a second answer is none that a person was wrong about.
    settle("c1", state::succeeded, cause::following);
    EXPECT_EQ(move(answer("c1", state::accepted, start + 5s)).result, fate::no_arrow);
}

TEST_P(change_in_the_ledger, that_ended_by_its_job_is_not_contradicted) {
    record(resize("c1"));
    move(answer("c1", state::accepted));
    settle("c1", state::failed, cause::following);
    EXPECT_EQ(move(answer("c1", state::accepted)).result, fate::no_arrow);
    EXPECT_EQ(state_of("c1"), state::failed);
}

TEST_P(change_in_the_ledger, awaits_payment_without_holding_its_server_and_never_holds_it_again) {
    record(resize("c1"));
    move(answer("c1", state::awaiting_payment));
    EXPECT_EQ(recorded_as(resize("c2")), "recorded");
    settle("c1", state::accepted, cause::following);
    EXPECT_FALSE(find("c1").holds);
    EXPECT_TRUE(find("c2").holds);
    settle("c1", state::cancelled, cause::following);
    EXPECT_EQ(state_of("c1"), state::accepted);
}

TEST_P(change_in_the_ledger, whose_record_never_came_to_be_is_written_as_not_sent) {
    const change_request r = with_signature(with_key(resize("c1"), "k1"), "sig");
    EXPECT_EQ(move(writes::not_sent{r, "the ledger did not answer", start + 1s}).current, state::not_sent);
    EXPECT_EQ(state_of("c1"), state::not_sent);
    EXPECT_EQ(find("c1").request.identity.key, "k1");
    EXPECT_EQ(find("c1").ended, start + 1s);
    // A commit of the record that arrives late fails on the id, and another change has key, signature and server.
    EXPECT_EQ(recorded_as(r), "unavailable");
    EXPECT_EQ(recorded_as(with_signature(with_key(resize("c2"), "k1"), "sig")), "recorded");
    EXPECT_EQ(move(writes::not_sent{r, "once more", start + 2s}).result, fate::done);
}

TEST_P(change_in_the_ledger, lets_its_server_go_after_two_looks_that_found_nothing) {
    change_request r = resize("c1");
    r.is_prepaid = false;
    record(r);
    move(writes::unknown{"c1", "", start + 1s});
    const auto look = [&](const std::string& source, const std::string& says, instant time) {
        move(writes::evidence{"c1", source, says, "", 3min, time, time + 1min, std::nullopt});
    };
    look("server", "did_not", start + 3min);
    EXPECT_TRUE(find("c1", start + 4min).holds);
    look("trace", "did_not", start + 4min);
    EXPECT_TRUE(find("c1", start + 4min).holds);
    look("server", "did_not", start + 5min);
    EXPECT_FALSE(find("c1", start + 6min).holds);
    EXPECT_EQ(state_of("c1"), state::unknown);
    EXPECT_EQ(recorded_as(resize("c2")), "recorded");
}

TEST_P(change_in_the_ledger, that_may_be_prepaid_waits_for_the_orders_too) {
    record(resize("c1"));
    move(writes::unknown{"c1", "", start + 1s});
    for (const auto time : {3min, 5min})
        move(writes::evidence{"c1", "server", "did_not", "", 3min, start + time, start + time, std::nullopt});
    EXPECT_TRUE(find("c1", start + 6min).holds);
    move(writes::evidence{"c1", "order", "did_not", "", 3min, start + 7min, start + 8min, std::nullopt});
    EXPECT_FALSE(find("c1", start + 8min).holds);
}

TEST_P(change_in_the_ledger, that_its_own_process_is_sending_is_not_recovered) {
    record(resize("c1"));
    EXPECT_THAT(commit_one(*ledger, writes::recover{start + 1s}).value(), IsEmpty());
    EXPECT_EQ(state_of("c1"), state::sending);
}

TEST_P(change_in_the_ledger, is_claimed_by_one_follower_until_its_lease_ends) {
    record(resize("c1"));
    move(answer("c1", state::accepted, start));
    const auto claim = [&](instant time) { return commit_one(*ledger, writes::claim{10, "f", 1min, time}).value(); };
    EXPECT_THAT(claim(start + 1s), IsEmpty());  // its job has hardly begun
    EXPECT_EQ(ledger->next_due().value(), start + 2s);
    const auto first = claim(start + 2s);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].change.request.id, "c1");
    EXPECT_THAT(claim(start + 30s), IsEmpty());
    const auto second = claim(start + 2min);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_GT(second[0].fence, first[0].fence);
    EXPECT_EQ(settle("c1", state::failed, cause::following, first[0].fence).result, fate::fenced_off);
    EXPECT_EQ(state_of("c1"), state::accepted);
    EXPECT_EQ(move(writes::hand_back{"c1", second[0].fence, start + 3min}).result, fate::done);
    EXPECT_THAT(claim(start + 150s), IsEmpty());
    const auto third = claim(start + 3min);
    ASSERT_EQ(third.size(), 1U);
    EXPECT_EQ(settle("c1", state::succeeded, cause::following, third[0].fence).result, fate::done);
}

TEST_P(change_in_the_ledger, that_its_owner_has_lost_track_of_is_claimed_again_at_once) {
    for (const char* id : {"c1", "c2"}) {
        record(resize(id, id));
        move(answer(id, state::accepted, start));
    }
    const auto claim = [&](instant time, const std::string& owner, std::optional<std::vector<std::string>> looked_at) {
        std::vector<std::string> ids;
        for (const claimed& each :
             commit_one(*ledger, writes::claim{10, owner, 10min, time, std::move(looked_at)}).value())
            ids.push_back(each.change.request.id);
        return ids;
    };
    EXPECT_THAT(claim(start + 2s, "me", {}), ElementsAre("c1", "c2"));
    EXPECT_THAT(claim(start + 3s, "me", {}), IsEmpty());
    EXPECT_THAT(claim(start + 4s, "me", std::vector<std::string>{"c1"}), ElementsAre("c2"));
    EXPECT_THAT(claim(start + 5s, "me", std::vector<std::string>{"c1", "c2"}), IsEmpty());
    if (GetParam().name != "postgresql") {  // there the owner is the store's process
        EXPECT_THAT(claim(start + 6s, "another", std::vector<std::string>{}), IsEmpty());
    }
    EXPECT_THAT(claim(start + 7s, "me", std::vector<std::string>{}), ElementsAre("c1", "c2"));
}

TEST_P(change_in_the_ledger, that_was_claimed_by_a_process_that_is_gone_is_due_at_once_after_a_start) {
    record(resize("c1"));
    move(answer("c1", state::accepted, start));
    const auto claim = [&](instant time) {
        return commit_one(*ledger, writes::claim{10, "gone", 10min, time}).value();
    };
    ASSERT_EQ(claim(start + 2s).size(), 1U);
    EXPECT_THAT(claim(start + 5s), IsEmpty());
    static_cast<void>(commit_one(*ledger, writes::recover{start + 5s}));
    if (GetParam().name == "postgresql")
        return;  // another replica's: by its signs of life, which have tests of their own
    EXPECT_EQ(claim(start + 5s).size(), 1U);
}

TEST_P(change_in_the_ledger, that_ended_after_its_answer_is_claimed_until_the_end_is_reported) {
    record(resize("c1"));
    move(answer("c1", state::accepted, start));
    settle("c1", state::succeeded, cause::following);
    const auto claim = [&](instant time) { return commit_one(*ledger, writes::claim{10, "f", 1min, time}).value(); };
    const auto first = claim(start + 10min);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].change.current, state::succeeded);
    const auto again = claim(start + 20min);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(move(writes::reported{"c1", first[0].fence}).result, fate::fenced_off);
    const moved reported = move(writes::reported{"c1", again[0].fence});
    EXPECT_EQ(reported.result, fate::done);
    EXPECT_FALSE(reported.end);  // it was counted when it ended
    EXPECT_THAT(claim(start + 10h), IsEmpty());
    EXPECT_EQ(ledger->next_due().value(), std::nullopt);
}

TEST_P(change_in_the_ledger, that_its_own_answer_ended_has_nothing_to_report) {
    record(resize("c1"));
    move(answer("c1", state::refused, start));
    EXPECT_THAT(commit_one(*ledger, writes::claim{10, "f", 1min, start + 10h}).value(), IsEmpty());
}

TEST_P(change_in_the_ledger, that_a_command_ended_is_counted_when_that_is_reported) {
    record(resize("c1"));
    move(writes::unknown{"c1", "the connection broke", start});
    move(writes::resolve{"c1", state::succeeded, "root", "seen in the console", start + 1min});
    const auto given = commit_one(*ledger, writes::claim{10, "f", 1min, start + 2min}).value();
    ASSERT_EQ(given.size(), 1U);
    EXPECT_TRUE(move(writes::reported{"c1", given[0].fence}).end);
}

TEST_P(change_in_the_ledger, is_claimed_with_its_evidence_of_which_like_looks_keep_the_first_and_the_last) {
    record(resize("c1"));
    move(writes::unknown{"c1", "the connection broke", start});
    const auto look = [&](const char* source, const char* says, instant time) {
        move(writes::evidence{"c1", source, says, "seen", 1min, time, time, std::nullopt, true});
    };
    look("server", "wait", start + 1min);
    for (int i = 2; i < 20; ++i)
        look("server", "did_not", start + i * 1min);
    look("trace", "nothing", start + 20min);
    const auto given = commit_one(*ledger, writes::claim{10, "f", 1min, start + 1h}).value();
    ASSERT_EQ(given.size(), 1U);
    std::vector<std::string> found;
    for (const evidence_entry& each : given[0].evidence)
        found.push_back(each.source + " " + each.says + " " + std::to_string((each.time - start) / 1min));
    EXPECT_THAT(found,
                testing::ElementsAre("server wait 1", "server did_not 2", "server did_not 19", "trace nothing 20"));
    EXPECT_EQ(given[0].change.request.is_prepaid, true);
    EXPECT_FALSE(given[0].sender_is_silent);
    const auto shown = ledger->find("c1", start).value();
    ASSERT_EQ(shown->history.size(), 6U);
    EXPECT_EQ(shown->history.back().state, "evidence");
    EXPECT_EQ(shown->history.back().detail, "trace says nothing: seen");
}

TEST_P(change_in_the_ledger, is_forgotten_when_it_ended_long_ago_and_its_key_is_new_then) {
    record(with_signature(with_key(power_operation("c1"), "k1"), "sig"));
    move(answer("c1", state::accepted));
    settle("c1", state::succeeded, cause::following);
    record(power_operation("c2"));  // has not ended
    const auto forget = [&](instant before, std::size_t count) {
        return commit_one(*ledger, writes::forget{before, count}).value();
    };
    EXPECT_EQ(forget(start + 1min, 10), 0U);
    EXPECT_EQ(forget(start + 2min, 10), 1U);
    EXPECT_FALSE(ledger->find("c1", start).value());
    EXPECT_EQ(state_of("c2"), state::sending);
    EXPECT_EQ(recorded_as(with_signature(with_key(power_operation("c3"), "k1"), "sig")), "recorded");
    for (int i = 10; i < 20; ++i) {
        record(power_operation("c" + std::to_string(i)));
        move(answer("c" + std::to_string(i), state::refused));
    }
    EXPECT_EQ(forget(start + 1h, 7), 7U);
    EXPECT_EQ(forget(start + 1h, 7), 3U);
}

}  // namespace
}  // namespace gateway::ledger
