#include "gateway/callers/directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "world.hpp"

namespace gateway::callers {
namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

sent request_with(headers more) {
    sent request;
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    return request;
}

TEST(directory, finds_callers_by_name_and_number) {
    const directory known_callers = load(world());
    EXPECT_EQ(known_callers.find("ci"), caller_id{1});
    EXPECT_EQ(known_callers.find("nobody"), std::nullopt);
    EXPECT_EQ(known_callers.name_of(caller_id{2}), "sidecar");
}

TEST(directory, knows_an_api_key_by_its_hash_in_any_of_three_headers) {
    const directory known_callers = load(world());
    struct row {
        const char *name, *value, *outcome;
    };
    for (const row& r : std::vector<row>{
             {"X-Api-Key", "ci-key", "ci by api_key"},
             {"x-api-key", "ci-key", "ci by api_key"},
             {"X-Auth-Token", "ci-key", "ci by api_key"},
             {"Authorization", "Bearer ci-key", "ci by api_key"},
             {"authorization", "bearer ci-key", "ci by api_key"},
             {"Authorization", "Bearer  ci-key", "ci by api_key"},
             {"X-Api-Key", "CI-key", "unknown_api_key"},
             {"X-Api-Key", "ci-key2", "unknown_api_key"},
             {"X-Api-Key", "", "unknown_api_key"},
             {"X-Api-Key", "Bearer ci-key", "unknown_api_key"},
             {"X-Auth-Token", "wrong", "unknown_api_key"},
             {"Authorization", "ci-key", "unsupported_scheme"},
             {"Authorization", "Bearer", "unknown_api_key"},
             {"Authorization", "Bearer ", "unknown_api_key"},
             {"Authorization", "Bearerci-key", "unsupported_scheme"},
             {"Authorization", "Bearer wrong", "unknown_api_key"},
             {"Authorization", "Basic ci-key", "unsupported_scheme"},
             {"Authorization", "", "unsupported_scheme"},
             {"Authorization", "SDK-HMAC-SHA256", "malformed_authorization"},
             {"Authorization", "SDK-HMAC-SHA1 Access=GWPLANNER1", "unsupported_scheme"},
         }) {
        EXPECT_EQ(outcome(known_callers, request_with({{r.name, r.value}})), r.outcome) << r.name << ": " << r.value;
        // A wrong proof is refused even where the listener would have done.
        EXPECT_EQ(outcome(known_callers, request_with({{r.name, r.value}}), local), r.outcome)
            << r.name << ": " << r.value;
    }
}

TEST(directory, the_hash_of_nothing_is_no_api_key) {
    config::settings settings = world();
    settings.callers[1].api_key_sha256 = sha256_of("");
    const directory known_callers = load(settings);
    EXPECT_EQ(outcome(known_callers, request_with({{"X-Api-Key", ""}})), "unknown_api_key");
    EXPECT_EQ(outcome(known_callers, request_with({{"Authorization", "Bearer "}})), "unknown_api_key");
}

TEST(directory, knows_the_caller_of_a_listener_where_there_is_no_other_proof) {
    const directory known_callers = load(world());
    EXPECT_EQ(outcome(known_callers, sent(), local), "sidecar by listener");
    EXPECT_EQ(outcome(known_callers, sent(), outer), "no_proof");
    EXPECT_EQ(outcome(known_callers, sent(), ""), "no_proof");
    // Neither is a proof.
    EXPECT_EQ(outcome(known_callers, request_with({{"X-Sdk-Date", sdk_date(now)}}), local), "sidecar by listener");
    EXPECT_EQ(outcome(known_callers, request_with({{"X-Sdk-Date", sdk_date(now)}}), outer), "no_proof");
    EXPECT_EQ(outcome(known_callers, request_with({{"X-Security-Token", "t"}}), local), "sidecar by listener");
}

TEST(directory, refuses_two_proofs_even_where_both_are_right) {
    const directory known_callers = load(world());
    for (const headers& two : std::vector<headers>{
             {{"X-Api-Key", "ci-key"}, {"X-Api-Key", "ci-key"}},
             {{"X-Api-Key", "ci-key"}, {"x-api-key", "ci-key"}},
             {{"X-Auth-Token", "ci-key"}, {"X-Auth-Token", "ci-key"}},
             {{"X-Api-Key", "ci-key"}, {"X-Auth-Token", "ci-key"}},
             {{"X-Api-Key", "ci-key"}, {"Authorization", "Bearer ci-key"}},
             {{"X-Auth-Token", "ci-key"}, {"Authorization", "Bearer ci-key"}},
             {{"Authorization", "Bearer ci-key"}, {"Authorization", "Bearer ci-key"}},
             {{"X-Api-Key", "ci-key"}, {"Authorization", ""}},
             {{"X-Api-Key", "ci-key"}, {"X-Auth-Token", ""}},
             {{"X-Api-Key", "ci-key"}, {"X-Sdk-Date", "a"}, {"X-Sdk-Date", "b"}},
         }) {
        EXPECT_EQ(outcome(known_callers, request_with(two), local), "two_proofs")
            << two[0].first << " and " << two[1].first;
    }
    for (const char* name : {"X-Api-Key", "X-Auth-Token"}) {
        const directory fresh = load(world());
        sent both;
        both.sign("GWPLANNER1", "planner-secret");
        both.headers.emplace_back(name, "ci-key");
        EXPECT_EQ(outcome(fresh, both, local), "two_proofs") << name;
        both.headers.pop_back();
        EXPECT_EQ(outcome(fresh, both, local), "planner by signature");
    }
}

TEST(directory, reports_a_secret_that_can_not_be_read_and_knows_the_other_callers) {
    config::settings settings = world();
    settings.callers[0].secret_key = config::source{.origin = config::source::kind::file,
                                                    .name = "/nonexistent/planner.sk",
                                                    .text = {},
                                                    .location = {12, 3, "callers[0].secret_key"}};
    std::vector<config::problem> problems;
    const directory known_callers = directory::load(settings, problems);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].location.path, "callers[0].secret_key");
    EXPECT_NE(problems[0].message.find("/nonexistent/planner.sk"), std::string::npos);
    EXPECT_EQ(outcome(known_callers, request_with({{"X-Api-Key", "ci-key"}})), "ci by api_key");
}

// Callers known by what their connection proves: bot (a certificate), agent (unix user 7), keyed-bot and keyed-agent
// (an API key besides).
config::settings connection_world() {
    config::settings settings = world();
    const auto add = [&](const char* name, const char* san, const char* user, const char* key) {
        config::caller one;
        one.name = name;
        if (san != nullptr) one.certificate_san = san;
        if (user != nullptr) one.unix_user = user;
        if (key != nullptr) one.api_key_sha256 = sha256_of(key);
        settings.callers.push_back(one);
    };
    add("bot", "DNS:bot.example", nullptr, nullptr);
    add("agent", nullptr, "7", nullptr);
    add("keyed-bot", "URI:spiffe://corp/keyed", nullptr, "keyed-bot-key");
    add("keyed-agent", nullptr, "8", "keyed-agent-key");
    return settings;
}

TEST(directory, a_connection_proves_a_caller_by_certificate_or_unix_user) {
    const directory known_callers = load(connection_world());
    struct {
        const char* description;
        std::vector<std::string> names;
        std::optional<std::uint32_t> user;
        std::string_view listener;
        std::vector<std::pair<std::string, std::string>> fields;
        const char* expected;
    } const table[] = {
        {"a certificate", {"DNS:bot.example"}, {}, outer, {}, "bot by certificate"},
        {"one of its names is enough", {"DNS:x.example", "DNS:bot.example"}, {}, outer, {}, "bot by certificate"},
        {"a name of another kind", {"URI:bot.example"}, {}, outer, {}, "certificate_matches_no_caller"},
        {"nobody's certificate", {"DNS:x.example"}, {}, outer, {}, "certificate_matches_no_caller"},
        {"nobody's certificate where anybody may call",
         {"DNS:x.example"},
         {},
         local,
         {},
         "certificate_matches_no_caller"},
        {"names of two callers",
         {"DNS:bot.example", "URI:spiffe://corp/keyed"},
         {},
         outer,
         {},
         "certificate_matches_several"},
        {"a unix user", {}, 7, outer, {}, "agent by unix_user"},
        {"a unix user before the listener", {}, 7, local, {}, "agent by unix_user"},
        {"another unix user", {}, 9, outer, {}, "unix_user_unknown"},
        {"another unix user where anybody may call", {}, 9, local, {}, "sidecar by listener"},
        {"the certificate of one, the unix user of another",
         {"DNS:bot.example"},
         7,
         outer,
         {},
         "proofs_of_two_callers"},
        {"a key beneath nobody's certificate",
         {"DNS:x.example"},
         {},
         outer,
         {{"X-Api-Key", "ci-key"}},
         "ci by api_key"},
        {"a key beneath another's certificate",
         {"DNS:bot.example"},
         {},
         outer,
         {{"X-Api-Key", "ci-key"}},
         "proofs_of_two_callers"},
        {"a key beneath another's unix user", {}, 7, outer, {{"X-Api-Key", "ci-key"}}, "proofs_of_two_callers"},
        {"a key beneath nobody's unix user", {}, 9, outer, {{"X-Api-Key", "ci-key"}}, "ci by api_key"},
        {"both that belong together",
         {"URI:spiffe://corp/keyed"},
         {},
         outer,
         {{"X-Api-Key", "keyed-bot-key"}},
         "keyed-bot by api_key"},
        {"the certificate alone of who has a key", {"URI:spiffe://corp/keyed"}, {}, outer, {}, "second_proof_missing"},
        {"the key alone of who has a certificate",
         {},
         {},
         outer,
         {{"X-Api-Key", "keyed-bot-key"}},
         "second_proof_missing"},
        {"the user and the key", {}, 8, outer, {{"X-Api-Key", "keyed-agent-key"}}, "keyed-agent by api_key"},
        {"the user alone of who has a key", {}, 8, outer, {}, "second_proof_missing"},
        {"a wrong key beneath a right certificate",
         {"DNS:bot.example"},
         {},
         outer,
         {{"X-Api-Key", "no-key"}},
         "unknown_api_key"},
    };
    for (const auto& row : table) {
        const connection_facts connection{
            .listener = row.listener, .certificate_names = row.names, .unix_user = row.user};
        EXPECT_EQ(outcome(known_callers, request_with(row.fields), connection), row.expected) << row.description;
    }
}

TEST(directory, a_signature_needs_the_certificate_of_its_caller_and_is_not_used_up_without_it) {
    config::settings settings = world();
    settings.callers[0].certificate_san = "DNS:planner.example";
    const directory known_callers = load(settings);
    sent call;
    call.sign("GWPLANNER1", "planner-secret");
    const std::vector<std::string> names{"DNS:planner.example"};
    EXPECT_EQ(outcome(known_callers, call, {.listener = outer, .certificate_names = {}, .unix_user = {}}),
              "second_proof_missing");
    EXPECT_EQ(outcome(known_callers, call, {.listener = outer, .certificate_names = names, .unix_user = {}}),
              "planner by signature");
}

// 65534 is nobody's, and everybody's whom the kernel can't name in a user namespace or a container.
TEST(directory, takes_no_unix_user_that_may_be_anybody) {
    for (const char* user : {"65534", "nobody", "4294967295"}) {
        config::settings settings = world();
        config::caller one;
        one.name = "one";
        one.unix_user = user;
        settings.callers.push_back(one);
        std::vector<config::problem> problems;
        const directory known_callers = directory::load(settings, problems);
        ASSERT_EQ(problems.size(), 1U) << user;
        EXPECT_FALSE(problems[0].warning) << user;
        EXPECT_THAT(problems[0].message, testing::HasSubstr("caller one: unix_user is user id ")) << user;
        for (const std::uint32_t seen : {65534U, 4294967295U}) {
            EXPECT_EQ(outcome(known_callers, request_with({}),
                              {.listener = outer, .certificate_names = {}, .unix_user = seen}),
                      "no_proof")
                << user << ' ' << seen;
        }
    }
}

TEST(directory, warns_of_a_unix_user_that_is_not_there_and_refuses_two_names_of_one_user) {
    config::settings settings = world();
    config::caller one;
    one.name = "one";
    one.unix_user = "no-such-user-here";
    settings.callers.push_back(one);
    one.name = "two";
    one.unix_user = "root";
    settings.callers.push_back(one);
    one.name = "three";
    one.unix_user = "0";
    settings.callers.push_back(one);
    std::vector<config::problem> problems;
    const directory known_callers = directory::load(settings, problems);
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_TRUE(problems[0].warning);
    EXPECT_THAT(problems[0].message, testing::HasSubstr("this machine has no user no-such-user-here"));
    EXPECT_FALSE(problems[1].warning);
    EXPECT_EQ(problems[1].message, "caller three: unix_user is another caller's user id, 0");
    EXPECT_EQ(outcome(known_callers, request_with({}), {.listener = outer, .certificate_names = {}, .unix_user = 0}),
              "two by unix_user");
}

TEST(directory, a_failed_result_has_no_identity) {
    const boost::system::result<identity, authentication_error> refused =
        authentication_error{.reason = auth_failure::no_proof};
    EXPECT_THROW((void)refused.value(), std::logic_error);
}

}  // namespace
}  // namespace gateway::callers
