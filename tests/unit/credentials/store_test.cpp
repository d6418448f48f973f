#include "gateway/credentials/store.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "sources.hpp"

namespace gateway::credentials {
namespace {

using kind = config::credential::kind;
using testing::HasSubstr;

config::credential pair(std::string name, config::source access_key, config::source secret_key) {
    config::credential one;
    one.name = std::move(name);
    one.is = kind::pair;
    one.pair = config::pair_credential{.access_key = std::move(access_key),
                                       .secret_key = std::move(secret_key),
                                       .security_token = {},
                                       .sign_with = config::algorithm::sdk_hmac_sha256};
    return one;
}

config::credential other(std::string name, kind is, std::size_t line) {
    config::credential one;
    one.name = std::move(name);
    one.is = is;
    one.at.line = line;
    return one;
}

config::settings with(std::vector<config::credential> list) {
    config::settings made;
    made.credentials = std::move(list);
    return made;
}

TEST(store, lends_permanent_and_temporary_pairs) {
    config::credential temporary = pair("acme-key", from_plain("AK2"), from_literal("sk2"));
    const std::string token(18 * 1024, 't');
    temporary.pair->security_token = from_literal(token);
    temporary.pair->sign_with = config::algorithm::v11_hmac_sha256;
    std::vector<config::problem> problems;
    const store made = store::load(
        with({pair("partner-key", from_plain("AK1"), from_literal("sk1")), std::move(temporary)}), problems);
    EXPECT_TRUE(problems.empty());

    const auto permanent = made.take(id{0});
    ASSERT_TRUE(permanent.has_value());
    EXPECT_EQ(permanent->name, "partner-key");
    EXPECT_EQ(permanent->key->access_key(), "AK1");
    EXPECT_EQ(permanent->key->which(), signing::algorithm::sdk_hmac_sha256);
    EXPECT_EQ(permanent->security_token, nullptr);

    const auto lent = made.take(id{1});
    ASSERT_TRUE(lent.has_value());
    EXPECT_EQ(lent->name, "acme-key");
    EXPECT_EQ(lent->key->which(), signing::algorithm::v11_hmac_sha256);
    ASSERT_NE(lent->security_token, nullptr);
    EXPECT_EQ(lent->security_token->reveal(), token);
    EXPECT_EQ(made.name_of(id{1}), "acme-key");
}

TEST(store, signs_with_the_secret_that_was_read) {
    std::vector<config::problem> problems;
    const store made = store::load(with({pair("k", from_plain("AK"), from_literal("the-secret"))}), problems);
    const std::vector<field> fields{{"Host", "ecs.example"}, {"X-Sdk-Date", "20261123T100000Z"}};
    const auto hash = signing::hash_payload("");
    const signing::request what{"GET", "/v1/p/jobs/j", "", fields, {hash.data(), hash.size()}};
    const signing::key expected(signing::algorithm::sdk_hmac_sha256, "AK", "the-secret");
    signing::signer one;
    signing::signer two;
    EXPECT_EQ(one.sign(what, *made.take(id{0})->key, "20261123T100000Z", {}),
              two.sign(what, expected, "20261123T100000Z", {}));
}

TEST(store, tells_every_secret_that_can_not_be_read) {
    ::unsetenv("GATEWAY_STORE_TEST");
    config::credential all_wrong = pair("a", from_env("GATEWAY_STORE_TEST"), from_file("/nonexistent/sk"));
    all_wrong.pair->security_token = from_literal("white space");
    config::credential token_wrong = pair("b", from_plain("AK"), from_literal("sk"));
    token_wrong.pair->security_token = from_literal("");
    config::credential user = other("c", kind::token, 9);
    user.token.emplace();
    user.token->password = from_file("/nonexistent/password");

    std::vector<config::problem> problems;
    const store made = store::load(with({std::move(all_wrong), std::move(token_wrong), std::move(user)}), problems);
    std::vector<std::string> said;
    for (const auto& one : problems)
        said.push_back(one.what);
    EXPECT_THAT(said,
                testing::ElementsAre(HasSubstr("GATEWAY_STORE_TEST"), HasSubstr("/nonexistent/sk"),
                                     HasSubstr("white space"), HasSubstr("empty"), HasSubstr("/nonexistent/password")));
    // A temporary pair without its token would be refused by the cloud: it is not lent.
    for (std::uint32_t i : {0U, 1U}) {
        const auto none = made.take(id{i});
        ASSERT_FALSE(none.has_value());
        EXPECT_EQ(none.error().why, "its secrets could not be read");
    }
}

TEST(store, names_the_kinds_that_run_does_not_serve_yet) {
    const config::settings in =
        with({pair("a", from_plain("AK"), from_literal("sk")), other("b", kind::agency, 4), other("c", kind::token, 5),
              other("d", kind::metadata, 6), other("e", kind::sdk_default, 7)});
    const auto found = unsupported(in);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].what, "credential b: agency is not supported by `run` yet");
    EXPECT_EQ(found[1].what, "credential c: token is not supported by `run` yet");
    EXPECT_EQ(found[2].what, "credential d: metadata is not supported by `run` yet");
    EXPECT_EQ(found[3].what, "credential e: sdk_default is not supported by `run` yet");
    EXPECT_EQ(found[3].at.line, 7U);

    std::vector<config::problem> problems;
    const store made = store::load(in, problems);
    EXPECT_TRUE(problems.empty());
    EXPECT_TRUE(made.take(id{0}).has_value());
    const auto none = made.take(id{3});
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().name, "d");
    EXPECT_EQ(none.error().why, "metadata is not supported by `run` yet");
    EXPECT_THROW((void)none.value(), std::logic_error);
}

}  // namespace
}  // namespace gateway::credentials
