#include "gateway/credentials/iam.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace gateway::credentials {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const auto wall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 10h;
const moment received{.wall = wall, .steady = secret::time(5000s)};

config::token_credential user() {
    config::token_credential one;
    one.domain_name = "partner \"domain\"";
    one.user_name = "gateway";
    return one;
}

TEST(token_body, is_what_iam_documents_and_escapes_what_it_is_given) {
    const auto body = token_body(user(), "p\"a\\ss\nw\xc3\xb6rd", "0605767a");
    const auto read = boost::json::parse(boost::json::string_view(body.reveal().data(), body.reveal().size()));
    EXPECT_EQ(read, boost::json::parse(R"({"auth":{"identity":{"methods":["password"],"password":{"user":
        {"name":"gateway","domain":{"name":"partner \"domain\""},"password":"p\"a\\ss\nwörd"}}},
        "scope":{"project":{"id":"0605767a"}}}})"));
}

TEST(token_body, is_for_the_domain_where_no_project_is_named) {
    auto by_number = user();
    by_number.domain_name.reset();
    by_number.domain_id = "d1";
    const auto body = token_body(by_number, "p", "");
    EXPECT_THAT(std::string(body.reveal()), HasSubstr(R"("scope":{"domain":{"id":"d1"}})"));
}

TEST(agency_body, is_what_iam_documents) {
    config::agency_credential agency;
    agency.domain_name = "globex";
    agency.agency_name = "resize-operator";
    agency.duration = 900s;
    EXPECT_EQ(boost::json::parse(agency_body(agency)),
              boost::json::parse(R"({"auth":{"identity":{"methods":["assume_role"],"assume_role":
        {"agency_name":"resize-operator","domain_name":"globex","duration_seconds":900,
         "session_user":{"name":"ecs-gateway"}}}}})"));
}

TEST(read_token_response, counts_the_life_from_the_cloud_s_own_clock) {
    iam_response response{.status = 201, .body = R"({"token":{"expires_at":"2026-11-24T10:20:00.000000Z"}})"};
    response.subject_token = "MIIF-token";
    response.date = wall + 20min;  // our clock is 20 minutes behind
    const auto got = read_token_response(response, received);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ((*got)->expires, received.steady + 24h - 1s);  // a Date has no fractions
    EXPECT_FALSE((*got)->key.has_value());
    EXPECT_EQ((*got)->token->reveal(), "MIIF-token");
}

TEST(read_pair_response, takes_a_temporary_pair) {
    const iam_response response{.status = 201, .body = R"({"credential":{"access":"TEMPAK","secret":"tempsk",
        "securitytoken":"sectok","expires_at":"2026-11-23T10:15:00.500000Z"}})"};
    const auto got = read_pair_response(response, received, "IAM");
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ((*got)->key->access_key(), "TEMPAK");
    EXPECT_EQ((*got)->token->reveal(), "sectok");
    EXPECT_EQ((*got)->expires, received.steady + 15min + 500ms);
    EXPECT_EQ((*got)->breaker.admit(requester::gateway), admission::allowed);
}

TEST(read_pair_response, rejects_what_is_not_complete) {
    for (
        const auto* body :
        {"", "[]", "{}", "not json", R"({"credential":{}})",
         R"({"credential":{"access":"A","secret":"s","securitytoken":"t"}})",
         R"({"credential":{"access":"A","secret":"s","securitytoken":"t","expires_at":"tomorrow"}})",
         R"({"credential":{"access":"A","secret":"s","securitytoken":"t","expires_at":"2026-11-23T09:59:59.0Z"}})",
         R"({"credential":{"access":"A","secret":"s s","securitytoken":"t","expires_at":"2026-11-24T09:59:59.0Z"}})",
         R"({"credential":{"access":"A\r\nX: y","secret":"s","securitytoken":"t","expires_at":"2026-11-24T09:59:59.0Z"}})"}) {
        const iam_response response{.status = 201, .body = body};
        const auto got = read_pair_response(response, received, "IAM");
        ASSERT_FALSE(got.has_value()) << body;
        EXPECT_FALSE(got.error().refused);
    }
}

TEST(failure_of, distinguishes_wrong_credentials_from_temporary_failures) {
    struct row {
        unsigned status;
        bool refused;
    };
    for (const row& r : {row{400, true}, row{401, true}, row{403, true}, row{404, true}, row{408, false},
                         row{429, false}, row{500, false}, row{503, false}, row{302, false}}) {
        const iam_response response{.status = r.status};
        EXPECT_EQ(failure_of(response, "IAM").refused, r.refused) << r.status;
    }
    const iam_response throttled{.status = 429, .retry_after = "17"};
    EXPECT_EQ(failure_of(throttled, "IAM").retry_after, 17s);
    const iam_response forever{.status = 429, .retry_after = "999999"};
    EXPECT_EQ(failure_of(forever, "IAM").retry_after, 1h);
}

TEST(failure_of, hides_the_secrets_of_the_request_where_they_are_repeated) {
    const std::array<std::string_view, 2> secrets{"my-password", "HPUAK0PARTNER0000001"};
    const iam_response echo{.status = 400,
                            .body = R"({"error":{"code":"HPUAK0PARTNER0000001","message":"user got my-password"}})",
                            .sent_secrets = secrets};
    const auto failure = failure_of(echo, "IAM");
    EXPECT_THAT(failure.full_text(), testing::AllOf(HasSubstr("user got ***********"), Not(HasSubstr("HPUAK"))));
}

TEST(failure_of, repeats_the_cloud_s_words_without_the_echo_of_what_was_signed) {
    const iam_response password{
        .status = 401,
        .body = R"({"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}})"};
    EXPECT_EQ(failure_of(password, "IAM").reason, "IAM refuses it: 401");  // what callers see
    EXPECT_EQ(failure_of(password, "IAM").full_text(), "IAM refuses it: 401: The username or password is wrong.");
    const iam_response echo{.status = 401, .body = R"({"error_code":"APIGW.0301","error_msg":
        "Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:POST|/v3.0/|x-security-token:sectok"})"};
    EXPECT_THAT(failure_of(echo, "IAM").full_text(), testing::AllOf(HasSubstr("APIGW.0301"), Not(HasSubstr("sectok"))));
    const iam_response unknown{.status = 401,
                               .body = R"({"error_msg":"Get secretKey failed,ak:HIDDENAK,err:ak not exist"})"};
    EXPECT_THAT(failure_of(unknown, "IAM").full_text(), Not(HasSubstr("HIDDENAK")));
}

TEST(clock_remark, is_for_clocks_that_are_a_minute_apart) {
    EXPECT_EQ(clock_remark(0s), "");
    EXPECT_EQ(clock_remark(-59s), "");
    EXPECT_THAT(clock_remark(1201s), HasSubstr("clock is 20m1s behind the cloud's"));
    EXPECT_THAT(clock_remark(-60s), HasSubstr("clock is 1m0s ahead of the cloud's"));
}

}  // namespace
}  // namespace gateway::credentials
