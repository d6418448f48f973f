#include "gateway/credentials/store.hpp"

#include <gmock/gmock.h>

#include "world.hpp"

namespace gateway::credentials {
namespace {

using kind = config::credential::kind;
using source_type = definition::source_type;
using testing::HasSubstr;
using testing::Not;

TEST(store, reads_permanent_and_temporary_pairs) {
    auto temporary = pair("acme-key", "AK2", "sk2");
    const std::string token(18 * 1024, 't');
    temporary.pair->security_token = from_literal(token);
    temporary.pair->sign_with = signing::algorithm::v11_hmac_sha256;
    const store made = load({pair("partner-key", "AK1", "sk1"), std::move(temporary)});

    EXPECT_EQ(made[credential_id{0}].name, "partner-key");
    EXPECT_EQ(made[credential_id{0}].first->key->access_key(), "AK1");
    EXPECT_EQ(made[credential_id{0}].first->key->algorithm(), signing::algorithm::sdk_hmac_sha256);
    EXPECT_FALSE(made[credential_id{0}].first->token.has_value());
    EXPECT_EQ(made[credential_id{1}].first->key->algorithm(), signing::algorithm::v11_hmac_sha256);
    EXPECT_EQ(made[credential_id{1}].first->token->reveal(), token);
}

TEST(store, signs_with_the_secret_that_was_read) {
    const store made = load({pair("k", "AK", "the-secret")});
    const std::vector<field> fields{{"Host", "ecs.example"}, {"X-Sdk-Date", "20261123T100000Z"}};
    const auto hash = signing::hash_payload("");
    const signing::request request{"GET", "/v1/p/jobs/j", "", fields, {hash.data(), hash.size()}};
    const signing::key expected(signing::algorithm::sdk_hmac_sha256, "AK", "the-secret");
    signing::signer one;
    signing::signer two;
    EXPECT_EQ(one.sign(request, *made[credential_id{0}].first->key, "20261123T100000Z", {}),
              two.sign(request, expected, "20261123T100000Z", {}));
}

TEST(store, reports_every_secret_that_can_not_be_read) {
    ::unsetenv("GATEWAY_STORE_TEST");
    auto all_wrong = pair("a", from_env("GATEWAY_STORE_TEST"), from_file("/nonexistent/sk"));
    all_wrong.pair->security_token = from_literal("white space");
    auto token_wrong = pair("b", "AK", "sk");
    token_wrong.pair->security_token = from_literal("");
    auto no_password = user("c");
    no_password.token->password = from_file("/nonexistent/password");

    std::vector<config::problem> problems;
    const store made =
        store::load(settings_with({std::move(all_wrong), std::move(token_wrong), std::move(no_password)}), problems);
    std::vector<std::string> messages;
    for (const auto& one : problems)
        messages.push_back(one.message);
    EXPECT_THAT(messages,
                testing::ElementsAre(HasSubstr("GATEWAY_STORE_TEST"), HasSubstr("/nonexistent/sk"),
                                     HasSubstr("white space"), HasSubstr("empty"), HasSubstr("/nonexistent/password")));
    // A temporary pair without its token would be refused by the cloud: it is not used.
    EXPECT_EQ(made[credential_id{0}].first, nullptr);
    EXPECT_EQ(made[credential_id{1}].first, nullptr);
}

TEST(store, says_where_each_comes_from_without_any_secret) {
    auto by_file = pair("f", from_env("GATEWAY_STORE_AK"), from_file("/secrets/sk"));
    std::vector<config::problem> ignored;
    const store made = store::load(settings_with({std::move(by_file), agency("a", "u"), user("u"),
                                                  named("m", kind::metadata), pair("l", "AK", "the-literal")}),
                                   ignored);
    EXPECT_EQ(made[credential_id{0}].source, "environment variable GATEWAY_STORE_AK, file \"/secrets/sk\"");
    EXPECT_EQ(made[credential_id{1}].source, "agency resize-operator of globex, through u");
    EXPECT_EQ(made[credential_id{2}].source, "IAM user gateway of partner");
    EXPECT_EQ(made[credential_id{3}].source, "the metadata service of this server");
    EXPECT_EQ(made[credential_id{4}].source, "the configuration file");
}

TEST(store, looks_where_the_official_sdk_looks_in_its_order) {
    const folder dir;
    const auto profile = dir.put("credentials", "[basic]\nak = PROFILEAK\nsk = profile-sk\n");
    for (const auto* name : {"HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"})
        ::unsetenv(name);
    ::setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    EXPECT_EQ(load({named("s", kind::sdk_default)})[credential_id{0}].type, source_type::metadata);
    ::setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", profile.c_str(), 1);
    EXPECT_EQ(load({named("s", kind::sdk_default)})[credential_id{0}].first->key->access_key(), "PROFILEAK");
    ::setenv("HUAWEICLOUD_SDK_AK", "ENVAK", 1);
    EXPECT_EQ(load({named("s", kind::sdk_default)})[credential_id{0}].first->key->access_key(), "PROFILEAK");
    ::setenv("HUAWEICLOUD_SDK_SK", "env-sk", 1);
    EXPECT_EQ(load({named("s", kind::sdk_default)})[credential_id{0}].first->key->access_key(), "ENVAK");
    for (const auto* name : {"HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_CREDENTIALS_FILE"})
        ::unsetenv(name);
}

TEST(store, keeps_the_number_of_what_a_reload_did_not_change) {
    const store first = load({agency("a", "u"), user("u"), pair("k", "AK1", "sk1")});
    const store same = load({pair("k", "AK1", "sk1"), user("u"), agency("a", "u")}, &first);
    EXPECT_EQ(same[credential_id{2}].serial, first[credential_id{0}].serial);
    EXPECT_EQ(same[credential_id{1}].serial, first[credential_id{1}].serial);
    EXPECT_EQ(same[credential_id{0}].serial, first[credential_id{2}].serial);

    auto other_password = user("u");
    other_password.token->password = from_literal("another");
    const store changed = load({agency("a", "u"), std::move(other_password), pair("k", "AK1", "sk1")}, &first);
    EXPECT_NE(changed[credential_id{1}].serial, first[credential_id{1}].serial);
    EXPECT_NE(changed[credential_id{0}].serial,
              first[credential_id{0}].serial);  // the agency that depends on it has changed, too
    EXPECT_EQ(changed[credential_id{2}].serial, first[credential_id{2}].serial);
    EXPECT_THAT(changed[credential_id{1}].identity, Not(HasSubstr("another")));
}

TEST(store, knows_where_each_is_used_also_by_way_of_an_agency) {
    auto settings = settings_with({agency("a", "u"), user("u"), pair("unused", "AK", "sk")});
    settings.accounts.push_back({.name = "globex",
                                 .type = config::account::kind::sub_customer,
                                 .credential = "a",
                                 .projects = {{"p1", "cn-south-1"}, {"p2", "cn-north-4"}},
                                 .location = {}});
    std::vector<config::problem> problems;
    const store made = store::load(settings, problems);
    EXPECT_EQ(made[credential_id{0}].region, "cn-south-1");
    EXPECT_EQ(made[credential_id{1}].region, "cn-south-1");
    EXPECT_EQ(made[credential_id{1}].project, "p1");
    EXPECT_EQ(made[credential_id{2}].region, "");
    EXPECT_EQ(made.region_of("p2"), "cn-north-4");
    EXPECT_EQ(made.region_of("p9"), "");
}

}  // namespace
}  // namespace gateway::credentials
