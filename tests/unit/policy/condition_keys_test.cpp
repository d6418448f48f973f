// Every key of `resize:` that the configuration's schema has is a condition that decides something: one that is
// forgotten here would be read, shown and believed, and would let everything through.

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/config/describe.hpp"
#include "gateway/config/load.hpp"
#include "world.hpp"

namespace gateway::policy {
namespace {

namespace json = boost::json;
using operations::resize_request;

json::object keys_of_resize() {
    return config::json_schema()
        .at("properties")
        .at("policy")
        .at("items")
        .at("properties")
        .at("resize")
        .at("properties")
        .as_object();
}

// Values that a key of this schema can have, one of each sort, as the file would hold them.
std::vector<std::string> values_of(const json::object& schema) {
    if (const json::value* const words = schema.if_contains("enum")) {
        std::vector<std::string> all;
        for (const json::value& word : words->as_array())
            all.push_back(json::serialize(word));
        return all;
    }
    const json::string& type = schema.at("type").as_string();
    if (type == "boolean") return {"true", "false"};
    if (type == "integer") return {std::to_string(schema.at("minimum").as_int64())};
    if (type == "array" && schema.contains("minItems")) return {"[other]"};
    if (type == "array") return {"[]", "[other]"};
    return {};
}

// Resizes of which each asks for one thing more than the first: every condition tells some two of them apart.
std::vector<resize_request> resizes() {
    std::vector<resize_request> all(7, to_flavor("s6.large.2"));
    all[1].flavor = "other";
    all[2].auto_pay = true;
    all[3].stops_running_server = true;
    all[4].dedicated_host_id = "other";
    all[5].dry_run = true;
    all[6].unknown_member = "/resize/force";
    return all;
}

// The configuration in which the first rule holds `conditions`, and the second allows everything.
config::loaded with_rule(const std::string& effect, const std::string& conditions) {
    return config::parse(
        "version: 1\n"
        "listeners: [{address: 127.0.0.1:8080}]\n"
        "callers: [{name: planner, listener: 127.0.0.1:8080}]\n"
        "credentials: [{name: key, access_key: AK, secret_key: {env: SK}}]\n"
        "accounts: [{name: acme, kind: sub-customer, credential: key, projects: {p-acme: cn-north-4}}]\n"
        "policy:\n"
        "  - {rule: first, effect: " +
            effect + ", resize: {" + conditions +
            "}}\n"
            "  - {rule: second, resize: {auto_pay: true, while_running: true, unknown_members: allow}}\n",
        "gateway.yaml");
}

// What becomes of each of the resizes.
std::vector<std::string> decisions(const config::loaded& loaded) {
    const rules compiled(loaded.values);
    std::vector<std::string> all;
    for (const resize_request& asked : resizes()) {
        const verdict decided = compiled.decide(resize(compiled, 0, "p-acme", asked));
        all.push_back(std::string(decided.rule) + (decided.allowed ? " allows" : " denies"));
    }
    return all;
}

struct effect_of_key {
    bool changes_decision = false, is_refused = false;
};

effect_of_key try_key(const std::string& effect, json::string_view key, const json::object& schema) {
    effect_of_key tried;
    const config::loaded none = with_rule(effect, "");
    EXPECT_TRUE(none.ok()) << none.problems.at(0).message;
    const auto without = decisions(none);
    for (const std::string& value : values_of(schema)) {
        const config::loaded with = with_rule(effect, std::string(key.data(), key.size()) + ": " + value);
        if (with.ok())
            tried.changes_decision |= decisions(with) != without;
        else
            tried.is_refused = true;
    }
    return tried;
}

TEST(condition_keys, are_those_of_the_schema) {
    const json::object schema = keys_of_resize();
    for (const condition& each : conditions())
        EXPECT_TRUE(schema.contains(json::string_view(each.key.data(), each.key.size()))) << each.key;
    EXPECT_EQ(schema.size(), conditions().size());
}

TEST(condition_keys, each_change_what_a_rule_that_allows_decides) {
    for (const auto& [key, schema] : keys_of_resize()) {
        const effect_of_key tried = try_key("allow", key, schema.as_object());
        EXPECT_TRUE(tried.changes_decision) << key;
        EXPECT_FALSE(tried.is_refused) << key;
    }
}

TEST(condition_keys, each_change_what_a_rule_that_denies_decides_or_are_refused_in_one) {
    for (const condition& each : conditions()) {
        const json::string_view key(each.key.data(), each.key.size());
        const effect_of_key tried = try_key("deny", key, keys_of_resize().at(key).as_object());
        EXPECT_EQ(tried.changes_decision, each.describes != nullptr) << key;
        EXPECT_EQ(tried.is_refused, each.describes == nullptr) << key;
    }
}

}  // namespace
}  // namespace gateway::policy
