#include "ledger_world.hpp"

namespace gateway::cli {

namespace {

using testing::HasSubstr;
using testing::Not;

class explain_of_a_change : public ledger_commands {
protected:
    answer explain() const {
        files.write("body.json", R"({"resize":{"flavorRef":"s6.large.2"}})");
        return of({"explain", "--caller", "planner", "--method", "POST", "--path",
                   "/v1.1/p-acme/cloudservers/s-1/resize", "--body", files.path("body.json")});
    }
    static ledger::change_request resize(const std::string& id, const std::string& server) {
        auto request = ledger::resize(id, server);
        request.project_id = "p-acme";
        request.rule = "planner-grows";
        request.begun = now();
        request.rate = ledger::rate_limit{30, std::chrono::minutes(1)};
        return request;
    }
    static ledger::instant now() {
        return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

TEST_F(explain_of_a_change, says_that_the_ledger_could_not_be_asked) {
    const answer without = explain();
    EXPECT_EQ(without.status, done);
    EXPECT_THAT(without.out, HasSubstr("\nallowed by rule planner-grows"));
    EXPECT_THAT(without.out, HasSubstr("(the ledger was not asked for freezes, the server's hold and the rate: "));
    EXPECT_FALSE(std::filesystem::exists(file));
    configure("ledger: {memory: true}\n");
    EXPECT_THAT(explain().out, HasSubstr("it is in the gateway's own memory)"));
}

TEST_F(explain_of_a_change, counts_the_rate) {
    {
        const auto ledger = open();
        auto old = resize("c3", "s-4");
        old.begun -= std::chrono::hours(1);
        record(*ledger, std::move(old));
        record(*ledger, resize("c1", "s-2"));
        record(*ledger, resize("c2", "s-3"));
        auto before_the_rate = resize("c4", "s-5");  // was in the file
        before_the_rate.rate.reset();
        record(*ledger, std::move(before_the_rate));
        ledger::commit_one(*ledger, ledger::answer("c2", ledger::state::refused)).value();
    }
    const answer taken = explain();
    EXPECT_EQ(taken.status, done);
    EXPECT_THAT(taken.out, HasSubstr("(1 of the rule's rate of 30 servers are used up by this caller)\n"));
    {
        const auto ledger = open();
        for (int i = 0; i < 29; ++i)
            record(*ledger, resize("d" + std::to_string(i), "t-" + std::to_string(i)));
    }
    const answer over = explain();
    EXPECT_EQ(over.status, failed);
    EXPECT_THAT(over.out, HasSubstr("\nrefused with 429 Gateway.0405: rule planner-grows lets this caller do no more "
                                    "calls just now (rate)\n(30 of the rule's rate of 30 servers"));
    EXPECT_THAT(over.out, Not(HasSubstr("allowed by")));
}

TEST_F(explain_of_a_change, finds_who_holds_the_server) {
    {
        const auto ledger = open();
        record(*ledger, resize("c1", "s-1"));
        ledger::commit_one(*ledger, ledger::writes::unknown{"c1", "", now()}).value();
    }
    const answer held = explain();
    EXPECT_EQ(held.status, failed);
    EXPECT_THAT(
        held.out,
        HasSubstr("\nrefused with 409 Gateway.0601: server s-1 is held by change c1, which is unknown and began "));
    ledger::commit_one(*open(), ledger::writes::resolve{"c1", ledger::state::not_applied, "alice", "", now()}).value();
    EXPECT_EQ(explain().status, done);
}

TEST_F(explain_of_a_change, finds_the_freeze_that_stops_it) {
    {
        const auto ledger = open();
        ledger::commit_one(
            *ledger,
            ledger::writes::add_freeze{{.id = "f1",
                                        .scope = {.account = "other", .caller = {}, .server_id = {}, .operations = {}},
                                        .reason = "no",
                                        .author = "alice",
                                        .since = now(),
                                        .until = {}}})
            .value();
        EXPECT_EQ(explain().status, done);
        ledger::commit_one(
            *ledger,
            ledger::writes::add_freeze{
                {.id = "f2", .scope = {}, .reason = "quarter end", .author = "alice", .since = now(), .until = {}}})
            .value();
    }
    const answer frozen = explain();
    EXPECT_EQ(frozen.status, failed);
    EXPECT_THAT(frozen.out, HasSubstr("\nrefused with 403 Gateway.0203: changes are frozen here (everywhere) since "));
}

}  // namespace
}  // namespace gateway::cli
