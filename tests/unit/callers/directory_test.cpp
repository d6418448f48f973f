#include "gateway/callers/directory.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "world.hpp"

namespace gateway::callers {
namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

sent with(headers more) {
    sent what;
    what.headers.insert(what.headers.end(), more.begin(), more.end());
    return what;
}

TEST(directory, finds_callers_by_name_and_number) {
    const directory by = load(world());
    EXPECT_EQ(by.find("ci"), id{1});
    EXPECT_EQ(by.find("nobody"), std::nullopt);
    EXPECT_EQ(by.name_of(id{2}), "sidecar");
}

TEST(directory, knows_an_api_key_by_its_hash_in_any_of_three_headers) {
    const directory by = load(world());
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
             {"X-Api-Key", "CI-key", "not authenticated"},
             {"X-Api-Key", "ci-key2", "not authenticated"},
             {"X-Api-Key", "", "not authenticated"},
             {"X-Api-Key", "Bearer ci-key", "not authenticated"},
             {"X-Auth-Token", "wrong", "not authenticated"},
             {"Authorization", "ci-key", "not authenticated"},
             {"Authorization", "Bearer", "not authenticated"},
             {"Authorization", "Bearer ", "not authenticated"},
             {"Authorization", "Bearerci-key", "not authenticated"},
             {"Authorization", "Bearer wrong", "not authenticated"},
             {"Authorization", "Basic ci-key", "not authenticated"},
             {"Authorization", "", "not authenticated"},
             {"Authorization", "SDK-HMAC-SHA256", "not authenticated"},
             {"Authorization", "SDK-HMAC-SHA1 Access=GWPLANNER1", "not authenticated"},
         }) {
        EXPECT_EQ(outcome(by, with({{r.name, r.value}})), r.outcome) << r.name << ": " << r.value;
        // A wrong proof is refused even where the listener would have done.
        EXPECT_EQ(outcome(by, with({{r.name, r.value}}), local), r.outcome) << r.name << ": " << r.value;
    }
}

TEST(directory, the_hash_of_nothing_is_no_api_key) {
    config::settings from = world();
    from.callers[1].api_key_sha256 = sha256_of("");
    const directory by = load(from);
    EXPECT_EQ(outcome(by, with({{"X-Api-Key", ""}})), "not authenticated");
    EXPECT_EQ(outcome(by, with({{"Authorization", "Bearer "}})), "not authenticated");
}

TEST(directory, knows_the_caller_of_a_listener_where_there_is_no_other_proof) {
    const directory by = load(world());
    EXPECT_EQ(outcome(by, sent(), local), "sidecar by listener");
    EXPECT_EQ(outcome(by, sent(), outer), "not authenticated");
    EXPECT_EQ(outcome(by, sent(), ""), "not authenticated");
    // Neither is a proof.
    EXPECT_EQ(outcome(by, with({{"X-Sdk-Date", sdk_date(now)}}), local), "sidecar by listener");
    EXPECT_EQ(outcome(by, with({{"X-Sdk-Date", sdk_date(now)}}), outer), "not authenticated");
    EXPECT_EQ(outcome(by, with({{"X-Security-Token", "t"}}), local), "sidecar by listener");
}

TEST(directory, refuses_two_proofs_even_where_both_are_right) {
    const directory by = load(world());
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
        EXPECT_EQ(outcome(by, with(two), local), "not authenticated") << two[0].first << " and " << two[1].first;
    }
    for (const char* name : {"X-Api-Key", "X-Auth-Token"}) {
        const directory fresh = load(world());
        sent both;
        both.sign("GWPLANNER1", "planner-secret");
        both.headers.emplace_back(name, "ci-key");
        EXPECT_EQ(outcome(fresh, both, local), "not authenticated") << name;
        both.headers.pop_back();
        EXPECT_EQ(outcome(fresh, both, local), "planner by signature");
    }
}

TEST(directory, tells_whether_a_request_brings_a_signature) {
    const auto brings = [](const sent& what) {
        const auto fields = what.fields();
        return directory::brings_signature(fields);
    };
    EXPECT_FALSE(brings(sent()));
    EXPECT_FALSE(brings(with({{"X-Sdk-Date", "20261123T100000Z"}})));
    EXPECT_FALSE(brings(with({{"Authorization", "Bearer ci-key"}})));
    EXPECT_TRUE(brings(with({{"authorization", "SDK-HMAC-SHA256 Access=x"}})));
    EXPECT_TRUE(brings(with({{"Authorization", "V11-HMAC-SHA256 Credential=x"}})));
    EXPECT_TRUE(brings(with({{"Authorization", "Bearer x"}, {"Authorization", "SDK-HMAC-SHA256 Access=x"}})));
}

TEST(directory, tells_a_secret_that_can_not_be_read_and_knows_the_other_callers) {
    config::settings from = world();
    from.callers[0].secret_key = config::source{.from = config::source::kind::file,
                                                .name = "/nonexistent/planner.sk",
                                                .text = {},
                                                .at = {12, 3, "callers[0].secret_key"}};
    std::vector<config::problem> problems;
    const directory by = directory::load(from, make_replay_memory(), problems);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].at.path, "callers[0].secret_key");
    EXPECT_NE(problems[0].what.find("/nonexistent/planner.sk"), std::string::npos);
    EXPECT_EQ(outcome(by, with({{"X-Api-Key", "ci-key"}})), "ci by api_key");
}

TEST(directory, names_the_proofs_that_run_does_not_check_yet) {
    config::settings from = world();
    config::caller bot;
    bot.name = "billing-bot";
    bot.certificate_san = "DNS:bot.corp.example";
    bot.at.line = 30;
    config::caller agent;
    agent.name = "node-agent";
    agent.unix_user = "node-agent";
    from.callers.push_back(bot);
    from.callers.push_back(agent);
    const auto found = unsupported(from);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].what, "caller billing-bot: certificate_san is not supported by `run` yet");
    EXPECT_EQ(found[0].at.line, 30U);
    EXPECT_EQ(found[1].what, "caller node-agent: unix_user is not supported by `run` yet");
    EXPECT_TRUE(unsupported(world()).empty());
}

TEST(directory, an_identity_can_not_be_taken_from_a_refusal) {
    const directory by = load(world());
    EXPECT_THROW((void)authenticate(by, sent()).value(), std::logic_error);
}

}  // namespace
}  // namespace gateway::callers
