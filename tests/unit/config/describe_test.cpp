#include "gateway/config/describe.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <iterator>

#include "gateway/config/load.hpp"

namespace gateway::config {
namespace {

namespace json = boost::json;

std::string file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

json::value in_force_of(const std::string& yaml) {
    const auto read = parse(yaml, "/etc/gateway.yaml");
    EXPECT_TRUE(read.ok()) << (read.problems.empty() ? "" : describe(read.problems.front(), "gateway.yaml"));
    return effective_values(read.values);
}

constexpr const char* whole = R"(version: 1
listeners:
  - address: "127.0.0.1:8080"
limits:
  body_bytes: 64KiB
callers:
  - name: planner
    access_key: GWAKPLANNER000000001
    secret_key: {env: PLANNER_SECRET}
  - {name: local, listener: "127.0.0.1:8080"}
credentials:
  - name: partner-key
    access_key: {file: partner.ak}
    secret_key: {literal: not-a-real-secret-but-kept}
  - name: acme
    agency: {through: partner-key, domain_name: acme, agency_name: ops}
regions:
  eu-west-9: {ecs: "https://ecs.example.com"}
accounts:
  - {name: acme, kind: sub-customer, credential: acme, projects: {p1: eu-west-9, p2: cn-north-4}}
policy:
  - rule: look
    operations: [show_job]
  - rule: grow
    resize: {flavors: ["s6.*"]}
)";

// The kept files are made by `make reference`.
TEST(description, as_a_json_schema_is_the_one_that_is_kept) {
    EXPECT_EQ(json::parse(file("conf/gateway.schema.json")), json::value(json_schema())) << "run `make reference`";
}

TEST(description, as_a_page_is_the_one_that_is_kept) {
    EXPECT_EQ(file("docs/configuration.md"), reference()) << "run `make reference`";
}

TEST(description, tells_each_value_in_force_and_where_it_came_from) {
    const json::value shown = in_force_of(whole);
    const auto value_at = [&](const char* path) { return json::serialize(shown.at_pointer(path)); };
    EXPECT_EQ(value_at("/limits/body_bytes"), R"({"value":"64KiB","from":"line 5"})");
    EXPECT_EQ(value_at("/limits/header_bytes"), R"({"value":"16KiB","from":"default"})");
    EXPECT_EQ(value_at("/timeouts/idle"), R"({"value":"75s","from":"default"})");
    EXPECT_EQ(value_at("/workers"), R"({"value":"auto","from":"default"})");
    EXPECT_EQ(value_at("/listeners/0/address"), R"({"value":"127.0.0.1:8080","from":"line 3"})");
    EXPECT_EQ(value_at("/callers/0/name"), R"({"value":"planner","from":"line 7"})");
    EXPECT_EQ(value_at("/callers/1/listener"), R"({"value":"127.0.0.1:8080","from":"line 10"})");
    EXPECT_EQ(value_at("/credentials/1/agency/agency_name"), R"({"value":"ops","from":"line 16"})");
    EXPECT_EQ(value_at("/credentials/1/agency/duration"), R"({"value":"1h","from":"default"})");
    EXPECT_EQ(value_at("/accounts/0/projects"), R"({"value":{"p1":"eu-west-9","p2":"cn-north-4"},"from":"line 20"})");
    EXPECT_EQ(value_at("/regions/value/eu-west-9/from"), R"("the file")");
    EXPECT_EQ(value_at("/regions/value/cn-north-4/from"), R"("built-in table")");
    EXPECT_EQ(value_at("/policy/1/resize/flavors"), R"({"value":["s6.*"],"from":"line 25"})");
    EXPECT_EQ(value_at("/ledger/file"), R"({"value":"/etc/ledger.db","from":"default"})");
    EXPECT_EQ(value_at("/ledger/keep"), R"({"value":"400d","from":"default"})");
    EXPECT_EQ(value_at("/follow/settle_after"), R"({"value":"3m","from":"default"})");
    EXPECT_EQ(value_at("/regions/value/cn-north-4/cts"), R"("https://cts.cn-north-4.myhuaweicloud.com")");
    EXPECT_EQ(value_at("/policy/1/effect"), R"({"value":"allow","from":"default"})");
    EXPECT_EQ(shown.as_object().if_contains("admin"), nullptr);
}

TEST(description, tells_where_secrets_are_read_from_and_nothing_of_them) {
    const json::value shown = in_force_of(whole);
    const auto value_at = [&](const char* path) { return json::serialize(shown.at_pointer(path)); };
    EXPECT_EQ(value_at("/callers/0/secret_key"), R"({"secret":"environment variable PLANNER_SECRET","from":"line 9"})");
    EXPECT_EQ(value_at("/callers/0/access_key"), R"({"secret":"in the file itself","from":"line 8"})");
    EXPECT_EQ(value_at("/credentials/0/access_key"), R"({"secret":"file /etc/partner.ak","from":"line 13"})");
    EXPECT_EQ(value_at("/credentials/0/secret_key"), R"({"secret":"in the file itself","from":"line 14"})");
    const std::string text = json::serialize(shown);
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("GWAKPLANNER000000001")));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("not-a-real-secret")));
}

}  // namespace
}  // namespace gateway::config
