// What a record is refused for, and what it leaves behind.
#include "stores.hpp"

namespace gateway::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class record_of_a_change : public any_store {};
FOR_ALL_STORES(record_of_a_change);

TEST_P(record_of_a_change, keeps_all_that_was_asked_for) {
    change_request r = with_key(resize("c1"), "k1");
    r.identity.subject = "robot";
    r.auto_pay = true;
    EXPECT_EQ(recorded_as(r), "recorded");
    const change c = find("c1");
    EXPECT_EQ(c.current, state::sending);
    EXPECT_EQ(c.request.operation, "resize");
    EXPECT_EQ(c.request.identity.caller, "planner");
    EXPECT_EQ(c.request.identity.subject, "robot");
    EXPECT_EQ(c.request.identity.account, "acme");
    EXPECT_EQ(c.request.identity.key, "k1");
    EXPECT_EQ(c.request.identity.fingerprint, "the body");
    EXPECT_EQ(c.request.project_id, "p1");
    EXPECT_EQ(c.request.region, "cn-north-4");
    EXPECT_EQ(c.request.rule, "planner-grows-acme");
    EXPECT_THAT(c.request.server_ids, ElementsAre("s1"));
    EXPECT_EQ(c.request.flavor, "s6.large.2");
    EXPECT_EQ(c.request.auto_pay, true);
    EXPECT_EQ(c.request.begun, start);
    EXPECT_TRUE(c.holds);
    EXPECT_FALSE(c.ended);
    ASSERT_EQ(c.history.size(), 1U);
    EXPECT_EQ(c.history[0].state, "sending");
}

TEST_P(record_of_a_change, is_not_found_by_an_id_that_was_never_recorded) {
    EXPECT_FALSE(ledger->find("c1", start).value());
}

TEST_P(record_of_a_change, with_the_id_of_another_is_refused) {
    EXPECT_EQ(recorded_as(power_operation("c1")), "recorded");
    EXPECT_EQ(recorded_as(power_operation("c1")), "unavailable");
}

TEST_P(record_of_a_change, with_the_same_key_is_a_repeat_that_names_the_first) {
    record(with_key(resize("c1"), "k1"));
    move(answer("c1", state::accepted));
    const auto again = std::get<repeat>(record(with_key(resize("c2"), "k1")));
    EXPECT_EQ(again.id, "c1");
    EXPECT_EQ(again.current, state::accepted);
    EXPECT_EQ(again.answer, (kept_answer{200, "application/json", R"({"job_id":"j1"})"}));
    EXPECT_EQ(again.known.job_id, "j1");
    EXPECT_FALSE(again.by_signature);
    EXPECT_FALSE(ledger->find("c2", start).value());
}

TEST_P(record_of_a_change, with_the_same_signature_is_a_repeat_though_the_key_is_another) {
    record(with_signature(with_key(resize("c1"), "k1"), "sig"));
    const auto again = std::get<repeat>(record(with_signature(with_key(resize("c2"), "k2"), "sig")));
    EXPECT_EQ(again.id, "c1");
    EXPECT_TRUE(again.by_signature);
}

TEST_P(record_of_a_change, with_the_same_key_for_another_request_is_told_so) {
    record(with_key(resize("c1"), "k1"));
    change_request other = with_key(resize("c2"), "k1");
    other.identity.fingerprint = "another body";
    EXPECT_EQ(std::get<other_request>(record(other)).id, "c1");
}

// An SDK signs the body, too; but where no signature is looked at, its text alone identifies a repeat.
TEST_P(record_of_a_change, with_the_same_signature_for_another_request_is_told_so) {
    record(with_signature(resize("c1"), "sig"));
    for (const char* key : {"", "k1"}) {
        change_request other = with_signature(resize("c2"), "sig");
        other.identity.key = key;
        other.identity.fingerprint = "another body";
        EXPECT_EQ(std::get<other_request>(ledger->find_repeat(other.identity).value()).id, "c1");
        EXPECT_EQ(std::get<other_request>(record(other)).id, "c1");
    }
    EXPECT_FALSE(ledger->find("c2", start).value());
}

TEST_P(record_of_a_change, is_no_repeat_for_another_caller_subject_or_account) {
    record(with_signature(with_key(power_operation("c0"), "k1"), "sig"));
    int number = 0;
    for (const auto member : {&identity::caller, &identity::subject, &identity::account}) {
        change_request r = with_signature(with_key(power_operation("c" + std::to_string(++number)), "k1"), "sig");
        r.identity.*member = "other";
        EXPECT_EQ(recorded_as(r), "recorded");
    }
}

TEST_P(record_of_a_change, finds_a_repeat_without_recording_anything) {
    record(with_signature(with_key(resize("c1"), "k1"), "sig"));
    const auto look = [&](const change_request& r) { return ledger->find_repeat(r.identity).value(); };
    EXPECT_EQ(std::get<repeat>(look(with_key(resize("c2"), "k1"))).id, "c1");
    EXPECT_EQ(std::get<repeat>(look(with_signature(resize("c2"), "sig"))).id, "c1");
    EXPECT_TRUE(std::holds_alternative<std::monostate>(look(with_key(resize("c2"), "k2"))));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(look(resize("c2"))));
}

TEST_P(record_of_a_change, that_was_refused_frees_the_key_but_not_the_signature) {
    record(with_signature(with_key(power_operation("c1"), "k1"), "sig"));
    move(answer("c1", state::refused));
    EXPECT_EQ(std::get<repeat>(record(with_signature(with_key(power_operation("c2"), "k1"), "sig"))).id, "c1");
    EXPECT_EQ(recorded_as(with_signature(with_key(power_operation("c3"), "k1"), "a new one")), "recorded");
    EXPECT_EQ(std::get<repeat>(record(with_key(power_operation("c4"), "k1"))).id, "c3");
}

TEST_P(record_of_a_change, that_was_not_sent_frees_key_and_signature) {
    const change_request r = with_signature(with_key(power_operation("c1"), "k1"), "sig");
    record(r);
    move(writes::not_sent{r, "no connection", start + 1s});
    EXPECT_EQ(recorded_as(with_signature(with_key(power_operation("c2"), "k1"), "sig")), "recorded");
}

TEST_P(record_of_a_change, is_busy_while_another_resize_holds_the_server) {
    record(resize("c1"));
    const auto held = std::get<busy>(record(resize("c2")));
    EXPECT_EQ(held.holder.request.id, "c1");
    EXPECT_EQ(held.holder.current, state::sending);
    EXPECT_EQ(held.holder.request.begun, start);
    EXPECT_EQ(held.server_id, "s1");
    EXPECT_EQ(recorded_as(resize("c3", "s2")), "recorded");
    change_request elsewhere = resize("c4");
    elsewhere.project_id = "p2";
    EXPECT_EQ(recorded_as(elsewhere), "recorded");
}

TEST_P(record_of_a_change, of_power_holds_nothing_and_waits_for_nobody) {
    record(power_operation("c1"));
    EXPECT_EQ(recorded_as(resize("c2")), "recorded");
    EXPECT_EQ(recorded_as(power_operation("c3")), "recorded");
    EXPECT_FALSE(find("c1").holds);
}

TEST_P(record_of_a_change, after_an_accepted_one_waits_ten_minutes_beyond_its_last_good_answer) {
    record(resize("c1"));
    move(answer("c1", state::accepted, start + 1s));
    const auto record_at = [&](const std::string& id, instant time) {
        change_request r = resize(id);
        r.begun = time;
        return recorded_as(r);
    };
    EXPECT_EQ(record_at("c2", start + 10min), "busy");
    move(writes::followed{"c1", "RUNNING", start + 8min, start + 9min, std::nullopt});
    EXPECT_EQ(record_at("c3", start + 17min), "busy");
    move(writes::followed{"c1", "", start + 17min, start + 18min, std::nullopt});  // it could not be read
    EXPECT_FALSE(find("c1", start + 18min).holds);
    EXPECT_EQ(record_at("c4", start + 18min), "recorded");
}

TEST_P(record_of_a_change, names_an_earlier_one_of_its_server_whose_order_waits) {
    record(resize("c1"));
    move(answer("c1", state::awaiting_payment));
    EXPECT_EQ(std::get<recorded>(record(resize("c2"))).awaiting_payment, "c1");
    EXPECT_EQ(std::get<recorded>(record(resize("c3", "s2"))).awaiting_payment, "");
}

TEST_P(record_of_a_change, takes_an_unknown_one_over_where_it_names_that_one) {
    record(resize("c1"));
    change_request r = resize("c2");
    r.after = "c1";
    EXPECT_EQ(recorded_as(r), "busy");  // it is still sent
    move(writes::unknown{"c1", "the connection broke", start + 1s});
    r.after = "c0";
    EXPECT_EQ(recorded_as(r), "busy");
    r.after = "c1";
    EXPECT_EQ(recorded_as(r), "recorded");
    EXPECT_FALSE(find("c1").holds);
    EXPECT_EQ(find("c1").current, state::unknown);
    EXPECT_EQ(find("c1").history.back().state, "taken_over");
    EXPECT_EQ(find("c1").history.back().detail, "by change c2 of caller planner");
    // What comes of the first does not touch the second's hold.
    move(answer("c1", state::refused, start + 2s));
    EXPECT_TRUE(find("c2").holds);
}

TEST_P(record_of_a_change, is_refused_by_a_freeze_of_its_scope) {
    freeze f{"f1", {}, "maintenance", "uid 0", start, std::nullopt};
    f.scope.account = "acme";
    f.scope.operations = {"resize"};
    EXPECT_TRUE(commit_one(*ledger, writes::add_freeze{f}).value());
    EXPECT_EQ(std::get<frozen>(record(resize("c1"))).freeze.reason, "maintenance");
    EXPECT_EQ(recorded_as(power_operation("c2")), "recorded");
    change_request other = resize("c3");
    other.identity.account = "other";
    EXPECT_EQ(recorded_as(other), "recorded");
    ASSERT_EQ(ledger->freezes(start).value().size(), 1U);
    EXPECT_THAT(ledger->freezes(start).value()[0].scope.operations, ElementsAre("resize"));
    EXPECT_TRUE(commit_one(*ledger, writes::unfreeze{"f1", "uid 0", start}).value());
    EXPECT_FALSE(commit_one(*ledger, writes::unfreeze{"f1", "uid 0", start}).value());
    EXPECT_THAT(ledger->freezes(start).value(), IsEmpty());
    EXPECT_EQ(recorded_as(resize("c1", "s9")), "recorded");
}

TEST_P(record_of_a_change, is_taken_again_when_the_freeze_has_run_out) {
    commit_one(*ledger, writes::add_freeze{{"f1", {}, "for a minute", "uid 0", start, start + 1min}}).value();
    EXPECT_EQ(recorded_as(resize("c1")), "frozen");
    change_request later = resize("c2");
    later.begun = start + 1min;
    EXPECT_EQ(recorded_as(later), "recorded");
}

TEST_P(record_of_a_change, counts_servers_for_the_rate_of_caller_and_rule) {
    const auto rated = [](const std::string& id, instant time, std::vector<std::string> servers) {
        change_request r = power_operation(id);
        r.server_ids = std::move(servers);
        r.rate = {.calls = 3, .per = 1h};
        r.begun = time;
        return r;
    };
    EXPECT_EQ(recorded_as(rated("c1", start, {"s1", "s2"})), "recorded");
    EXPECT_EQ(recorded_as(rated("c2", start + 10min, {"s3"})), "recorded");
    EXPECT_EQ(std::get<over_rate>(record(rated("c3", start + 20min, {"s4"}))).retry_after, 40min);
    EXPECT_EQ(std::get<over_rate>(record(rated("c3", start + 20min, {"s4", "s5", "s6"}))).retry_after, 50min);
    EXPECT_EQ(std::get<over_rate>(record(rated("c3", start + 20min, {"s4", "s5", "s6", "s7"}))).retry_after, 1h);
    change_request other = rated("c4", start + 20min, {"s4"});
    other.rule = "another";
    EXPECT_EQ(recorded_as(other), "recorded");
    other = rated("c5", start + 20min, {"s4"});
    other.identity.caller = "another";
    EXPECT_EQ(recorded_as(other), "recorded");
    // What was refused does not count.
    move(answer("c1", state::refused));
    EXPECT_EQ(recorded_as(rated("c6", start + 20min, {"s4", "s5"})), "recorded");
    EXPECT_EQ(recorded_as(rated("c7", start + 20min, {"s4"})), "over_rate");
    EXPECT_EQ(recorded_as(rated("c8", start + 70min, {"s4"})), "recorded");
}

TEST_P(record_of_a_change, is_checked_in_the_order_key_freeze_rate_hold) {
    change_request r = with_key(resize("c1"), "k1");
    r.rate = {.calls = 1, .per = 1h};
    EXPECT_EQ(recorded_as(r), "recorded");
    r.id = "c2";
    r.identity.key = "k2";
    EXPECT_EQ(recorded_as(r), "over_rate");  // and busy
    commit_one(*ledger, writes::add_freeze{{"f1", {}, "", "", start, std::nullopt}}).value();
    EXPECT_EQ(recorded_as(r), "frozen");
    r.identity.key = "k1";
    EXPECT_EQ(recorded_as(r), "repeat");
}

TEST_P(record_of_a_change, that_is_refused_does_not_abort_its_batch) {
    const std::vector<any_write> batch{writes::record{with_key(resize("c1"), "k1")},
                                       writes::record{with_key(resize("c2"), "k1")},
                                       writes::record{with_key(resize("c3"), "k3")},
                                       writes::record{with_key(resize("c4", "s2"), "k4")},
                                       answer("c1", state::accepted),
                                       writes::record{resize("c1", "s3")},
                                       writes::record{with_key(resize("c5", "s3"), "k5")}};
    std::vector<any_result> results;
    const auto failed = ledger->commit(batch, results);
    ASSERT_FALSE(failed) << failed->cause.reason;
    std::vector<std::string> words;
    for (const any_result& each : results)
        words.push_back(std::holds_alternative<record_result>(each) ? word(std::get<record_result>(each)) : "moved");
    EXPECT_THAT(words, ElementsAre("recorded", "repeat", "busy", "recorded", "moved", "unavailable", "recorded"));
    EXPECT_EQ(state_of("c1"), state::accepted);
    EXPECT_EQ(state_of("c5"), state::sending);
}

}  // namespace
}  // namespace gateway::ledger
