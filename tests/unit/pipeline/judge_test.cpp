// What the gateway answers to a request by itself, as far as it depends on the request, its caller's name and the
// policy alone; and that the steps of a call and `explain` can't differ, since judge() takes the same.

#include "gateway/pipeline/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/load.hpp"

namespace gateway::pipeline {

namespace {

using testing::HasSubstr;

const char* const configuration = R"(
version: 1
listeners: [{address: 127.0.0.1:8080}]
callers:
  - {name: planner, listener: 127.0.0.1:8080}
  - {name: ci, api_key_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
credentials: [{name: key, access_key: AK, secret_key: {env: SK}}]
accounts: [{name: acme, kind: sub-customer, credential: key, projects: {p-acme: cn-north-4}}]
policy:
  - {rule: grow, callers: [planner], operations: [resize, list_resize_flavors], resize: {flavors: [s6.*]}}
)";

enum caller_index : std::uint32_t { planner, ci };

policy::rules make_rules() {
    const config::loaded loaded = config::parse(configuration, "gateway.yaml");
    EXPECT_TRUE(loaded.ok());
    return policy::rules(loaded.values);
}

constexpr std::string_view resize_path = "/v1.1/p-acme/cloudservers/s-1/resize";
constexpr std::string_view to_s6 = R"({"resize":{"flavorRef":"s6.large.2"}})";

struct rejected_request {
    judged_request request;
    caller_index caller;
    std::string code, says;
};

judged_request get(std::string_view path, std::string_view query = {}, std::string_view body = {}) {
    return {.method = "GET", .path = path, .query = query, .content_type = {}, .body = body};
}
judged_request post(std::string_view path, std::string_view body,
                    std::optional<std::string_view> content_type = "application/json") {
    return {.method = "POST", .path = path, .query = {}, .content_type = content_type, .body = body};
}

TEST(judge, tells_why_a_request_goes_no_further) {
    const rejected_request cases[] = {
        {{.method = "OPTIONS", .path = "*", .query = {}, .content_type = {}, .body = {}}, planner, "", ""},
        {get("/v1/p-acme/jobs/%6a"), planner, "Gateway.0301", "no operation"},
        {post("/v1/p-acme/jobs/j-1", "{}"), planner, "Gateway.0302", "this path is for GET"},
        {get("/v1/p-acme/jobs/j-1", "limit=1"), planner, "Gateway.0301", "takes no query"},
        {get("/v1/p-acme/jobs/j-1", "a=b+c"), planner, "Gateway.0301", "takes no query"},
        {get("/v1/p-acme/cloudservers/resize_flavors", "a=b+c"), planner, "Gateway.0001", "query"},
        {get("/v1/p-acme/jobs/j-1", {}, "{}"), planner, "Gateway.0002", "takes no body"},
        {post(resize_path, to_s6, "text/plain"), planner, "Gateway.0406", "application/json"},
        {post(resize_path, ""), planner, "Gateway.0002", "the body: is empty"},
        {post(resize_path, "{}"), planner, "Gateway.0002", "/resize: is missing"},
        {post("/v1.1/p-other/cloudservers/s-1/resize", to_s6), planner, "Gateway.0202", "in no account"},
        {post(resize_path, to_s6), ci, "Gateway.0201", "no rule allows caller ci"},
        {post(resize_path, R"({"resize":{"flavorRef":"m6.large.2"}})"), planner, "Gateway.0201", "rule grow denies it"},
        {post(resize_path, R"({"resize":{"flavorRef":"s6.large.2","force":1}})"), planner, "Gateway.0002",
         "/resize/force: "},
    };
    const policy::rules rules = make_rules();
    for (const rejected_request& c : cases) {
        judgement judged;
        judge(c.request, c.caller, rules, judged);
        ASSERT_TRUE(judged.rejected) << c.request.path << c.says;
        EXPECT_EQ(name_of((*judged.rejected).code), c.code) << c.request.path << c.says;
        EXPECT_THAT((*judged.rejected).message, HasSubstr(c.says));
    }
}

TEST(judge, tells_the_operation_the_body_and_the_rule_of_a_request_that_goes_on) {
    const policy::rules rules = make_rules();
    judgement judged;
    judge(post(resize_path, to_s6, std::nullopt), planner, rules, judged);
    EXPECT_FALSE(judged.rejected);
    ASSERT_NE(judged.matched.operation, nullptr);
    EXPECT_EQ(judged.matched.operation->name, "resize");
    EXPECT_EQ(std::get<operations::resize_request>(judged.body).flavor, "s6.large.2");
    ASSERT_TRUE(judged.facts);
    EXPECT_EQ(judged.facts->project->account, "acme");
    EXPECT_EQ(judged.facts->resize, &std::get<operations::resize_request>(judged.body));
    EXPECT_EQ(judged.decided.rule, "grow");

    judge(get("/v1/p-acme/cloudservers/resize_flavors", "limit=1"), planner, rules, judged);
    EXPECT_FALSE(judged.rejected);
    EXPECT_EQ(judged.body.index(), 0U) << "nothing of the request before";
    EXPECT_EQ(judged.facts->resize, nullptr);
}

TEST(judge, keeps_no_part_of_a_body_that_was_refused) {
    const policy::rules rules = make_rules();
    judgement judged;
    judge(post(resize_path, R"({"resize":{"flavorRef":"s6.large.2"},"dry_run":1})"), planner, rules, judged);
    EXPECT_TRUE(judged.rejected);
    EXPECT_EQ(judged.body.index(), 0U);
    EXPECT_FALSE(judged.facts);
}

TEST(judge_policy, allows_a_call_on_several_servers_when_each_is_allowed_and_all_are_signed_as_one) {
    const config::loaded loaded = config::parse(R"(
version: 1
listeners: [{address: 127.0.0.1:8080}]
callers: [{name: planner, listener: 127.0.0.1:8080}]
credentials:
  - {name: key, access_key: AK, secret_key: {env: SK}}
  - {name: home-key, access_key: AK2, secret_key: {env: SK2}}
accounts:
  - {name: acme, kind: sub-customer, credential: key, projects: {p-acme: cn-north-4}}
  - {name: home, kind: partner, credential: home-key, projects: {p-home: cn-north-4}}
policy:
  - {rule: two, servers: [s-1, s-2]}
  - {rule: partners, servers: [s-3], sign_as: partner}
  - {rule: limited, servers: [s-5], rate: {calls: 1, per: 1h}}
)",
                                                "gateway.yaml");
    ASSERT_TRUE(loaded.ok());
    const policy::rules rules(loaded.values);
    using servers = std::vector<std::string_view>;
    const auto refusal = [&rules](const servers& asked) {
        policy::facts facts;
        facts.project = rules.find_project("p-acme");
        facts.operation = operations::operation_id::show_server;
        policy::verdict decided;
        const rejection refused = judge_policy(rules, asked, facts, decided);
        return refused ? (*refused).message : "";
    };
    EXPECT_EQ(refusal({"s-2"}), "");
    EXPECT_EQ(refusal({"s-1", "s-2"}), "");
    EXPECT_EQ(refusal({"s-3"}), "");
    EXPECT_THAT(refusal({"s-1", "s-4"}), HasSubstr("no rule allows"));
    EXPECT_THAT(refusal({}), HasSubstr("no rule allows"));
    EXPECT_THAT(refusal({"s-1", "s-3"}), HasSubstr("fall under different rules"));
    EXPECT_THAT(refusal({"s-5", "s-1"}), HasSubstr("fall under different rules"));
}

TEST(judge_target, refuses_a_body_that_is_yet_to_come_where_none_is_taken) {
    operations::match matched;
    const rejection refused = judge_target(get("/v1/p-acme/jobs/j-1"), true, matched);
    ASSERT_TRUE(refused);
    EXPECT_EQ((*refused).code, answer_code::bad_body);
    EXPECT_EQ(matched.job_id, "j-1") << "for the outcome line";
    EXPECT_FALSE(judge_target(post(resize_path, {}), true, matched));
}

}  // namespace

}  // namespace gateway::pipeline
