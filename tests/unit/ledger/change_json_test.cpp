#include "gateway/ledger/change_json.hpp"

#include "stores.hpp"

namespace gateway::ledger {
namespace {

template <class T>
std::string json(const T& value) {
    std::string text;
    append_json(text, value);
    return text;
}

change whole() {
    change c;
    c.request = with_key(resize("c1", "s1"), "k1");
    c.request.identity.subject = "robot";
    c.request.auto_pay = false;
    c.current = state::succeeded;
    c.updated = start + 2s;
    c.ended = start + 3s + 4us;
    c.holds = true;
    c.known = {"j1", "CS1", "12.50", "CNY", "Ecs.0001", "a \"message\"\n"};
    c.evidence = "server: the flavor is s6.large.2";
    c.resolved_by = "alice";
    c.reason = "looked at it";
    c.answer = kept_answer{200, "application/json", "never shown"};
    c.history = {{start, "sending", ""}, {start + 1s, "accepted", "answer 200"}};
    return c;
}

TEST(change_as_json, has_every_key_in_its_order) {
    EXPECT_EQ(json(whole()),
              R"({"id":"c1","state":"succeeded","operation":"resize","caller":"planner","subject":"robot",)"
              R"("account":"acme","project_id":"p1","region":"cn-north-4","server_ids":["s1"],"flavor":"s6.large.2",)"
              R"("auto_pay":false,"idempotency_key":"k1","begun":"2027-01-15T08:00:00.000000Z",)"
              R"("updated":"2027-01-15T08:00:02.000000Z","ended":"2027-01-15T08:00:03.000004Z","holds":true,)"
              R"("job_id":"j1","order_id":"CS1","amount":"12.50","currency":"CNY","code":"Ecs.0001",)"
              R"("message":"a \"message\"\n","evidence":"server: the flavor is s6.large.2","resolved_by":"alice",)"
              R"("reason":"looked at it","history":[{"at":"2027-01-15T08:00:00.000000Z","state":"sending"},)"
              R"({"at":"2027-01-15T08:00:01.000000Z","state":"accepted","detail":"answer 200"}]})");
}

TEST(change_as_json, leaves_out_what_has_no_value) {
    change c;
    c.request = power_operation("c1");
    c.request.server_ids = {"s1", "s2"};
    c.updated = start;
    EXPECT_EQ(json(c),
              R"({"id":"c1","state":"sending","operation":"start_servers","caller":"planner","account":"acme",)"
              R"("project_id":"p1","region":"cn-north-4","server_ids":["s1","s2"],)"
              R"("begun":"2027-01-15T08:00:00.000000Z","updated":"2027-01-15T08:00:00.000000Z","holds":false})");
}

TEST(page_of_changes_as_json, names_the_next_where_there_is_one) {
    change_page page;
    EXPECT_EQ(json(page), R"({"changes":[]})");
    page.changes = {whole(), whole()};
    page.next_marker = "17";
    EXPECT_EQ(json(page), R"({"changes":[)" + json(whole()) + "," + json(whole()) + R"(],"next_marker":"17"})");
}

TEST(freeze_as_json, has_its_scope_and_whose_it_is) {
    freeze f{"f1", {"acme", "planner", "s1", {"resize"}}, "maintenance", "alice", start, start + 1h};
    EXPECT_EQ(json(f), R"({"id":"f1","account":"acme","caller":"planner","server_id":"s1","operations":["resize"],)"
                       R"("reason":"maintenance","by":"alice","since":"2027-01-15T08:00:00.000000Z",)"
                       R"("until":"2027-01-15T09:00:00.000000Z"})");
    EXPECT_EQ(json(freeze{"f2", {}, "r", "b", start, std::nullopt}),
              R"({"id":"f2","operations":[],"reason":"r","by":"b","since":"2027-01-15T08:00:00.000000Z"})");
}

}  // namespace
}  // namespace gateway::ledger
