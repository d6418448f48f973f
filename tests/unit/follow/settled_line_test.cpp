#include "gateway/follow/settled_line.hpp"

#include <gtest/gtest.h>

namespace gateway::follow {

using namespace std::chrono_literals;

namespace {

ledger::change make_change() {
    ledger::change made;
    made.request.id = "c1";
    made.request.identity.caller = "planner";
    made.request.identity.account = "acme";
    made.request.region = "cn-north-4";
    made.request.project_id = "p1";
    made.request.server_ids = {"s1"};
    made.request.operation = "resize";
    made.request.begun = ledger::instant(1'800'000'000s);
    made.current = ledger::state::succeeded;
    made.ended = made.request.begun + 90s;
    return made;
}

}  // namespace

TEST(settled_line, leaves_out_what_has_no_value) {
    EXPECT_EQ(
        write_settled_line(make_change()),
        R"({"event":"settled","time":"2027-01-15T08:01:30.000000Z","change_id":"c1","caller":"planner","account":"acme",)"
        R"("region":"cn-north-4","project_id":"p1","server_ids":["s1"],"operation":"resize","state":"succeeded",)"
        R"("duration_s":90})"
        "\n");
}

TEST(settled_line, is_one_line_whatever_the_cloud_wrote) {
    ledger::change change = make_change();
    change.known = {
        .job_id = "j1", .order_id = "CS1", .amount = "126.5", .currency = "CNY", .code = "Ecs.1", .message = "a\nb\"c"};
    change.evidence = "server: seen";
    change.resolved_by = "root";
    const std::string line = write_settled_line(change);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_NE(line.find(R"("message":"a\nb\"c","job_id":"j1","order_id":"CS1","amount":"126.5","currency":"CNY",)"
                        R"("evidence":"server: seen","resolved_by":"root","duration_s":90})"),
              std::string::npos)
        << line;
}

}  // namespace gateway::follow
