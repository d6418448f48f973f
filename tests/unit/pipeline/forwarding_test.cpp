#include "gateway/pipeline/forwarding.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace gateway::pipeline {
namespace {

constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(784111777)};

TEST(forwarding, forwards_the_documented_fields_as_they_came) {
    const message::field_list fields{{"Accept", "*/*"},       {"User-Agent", "sdk"},   {"X-Language", "zh-cn"},
                                     {"X-Client-Token", "t"}, {"traceparent", "00-a"}, {"tracestate", "k=v"}};
    std::string out;
    EXPECT_TRUE(append_forwarded(out, fields));
    EXPECT_EQ(out,
              "Accept: */*\r\nUser-Agent: sdk\r\nX-Language: zh-cn\r\n"
              "X-Client-Token: t\r\ntraceparent: 00-a\r\ntracestate: k=v\r\n");
}

TEST(forwarding, keeps_everything_else_here) {
    for (const char* name : {"Authorization",
                             "X-Auth-Token",
                             "X-Api-Key",
                             "X-Security-Token",
                             "X-Sdk-Date",
                             "X-Project-Id",
                             "X-Domain-Id",
                             "Cookie",
                             "Forwarded",
                             "X-Forwarded-For",
                             "X-Forwarded-Host",
                             "Connection",
                             "Keep-Alive",
                             "TE",
                             "Trailer",
                             "Transfer-Encoding",
                             "Upgrade",
                             "Proxy-Authorization",
                             "Host",
                             "Content-Length",
                             "Content-Type",
                             "Content-Encoding",
                             "Expect",
                             "X-Sdk-Content-Sha256",
                             "X-Anything"}) {
        std::string out;
        EXPECT_FALSE(append_forwarded(out, message::field_list{{name, "v"}}));
        EXPECT_EQ(out, "") << name;
    }
}

TEST(forwarding, keeps_here_what_is_not_visible_ascii) {
    for (const char* name : {"Accept", "User-Agent", "X-Language", "X-Client-Token", "traceparent", "tracestate"}) {
        for (const char* value : {"\xff", "a\xe4", "\xc2\xa0", "a\tb", "\x7f", "sixteen bytes and \x80"}) {
            std::string out;
            EXPECT_FALSE(append_forwarded(out, message::field_list{{name, value}}));
            EXPECT_EQ(out, "") << name << ' ' << value;
        }
    }
}

TEST(forwarding, keeps_here_what_connection_names) {
    std::string out;
    EXPECT_FALSE(
        append_forwarded(out, message::field_list{{"Connection", "user-agent"}, {"User-Agent", "x"}, {"Accept", "y"}}));
    EXPECT_EQ(out, "Accept: y\r\n");
}

TEST(answers, go_back_with_their_end_to_end_fields_and_framing_of_this_connection) {
    message::response_head response;
    response.status = 202;
    response.fields = {{"Server", "api-gateway"},
                       {"date", "as it came"},
                       {"Via", "1.1 front"},
                       {"Connection", "keep-alive, X-Hop"},
                       {"X-Hop", "1"},
                       {"Transfer-Encoding", "chunked"},
                       {"Content-Length", "9"},
                       {"X-Gateway-Outcome", "forged"},
                       {"X-Request-Id", "abc"},
                       {"Keep-Alive", "timeout=5"}};
    std::string out;
    write_response_head(out, response, "id", {}, {.type = response_framing::kind::length, .length = 7, .close = false},
                        now);
    EXPECT_EQ(
        out,
        "HTTP/1.1 202 Accepted\r\nServer: api-gateway\r\ndate: as it came\r\nVia: 1.1 front\r\nX-Request-Id: abc\r\n"
        "Via: 1.1 ecs-gateway\r\nX-Gateway-Request-Id: id\r\n"
        "Content-Length: 7\r\n\r\n");
    write_response_head(out, response, "id", {}, {.type = response_framing::kind::chunked, .length = 0, .close = true},
                        now);
    EXPECT_EQ(
        out,
        "HTTP/1.1 202 Accepted\r\nServer: api-gateway\r\ndate: as it came\r\nVia: 1.1 front\r\nX-Request-Id: abc\r\n"
        "Via: 1.1 ecs-gateway\r\nX-Gateway-Request-Id: id\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

std::string head_of(const message::response_head& response) {
    std::string out;
    write_response_head(out, response, "id", {}, {.type = response_framing::kind::none}, now);
    return out;
}

TEST(answers, have_a_date_whether_the_cloud_sent_one_or_not) {
    message::response_head response;
    response.status = 200;
    response.http_1_1 = false;
    EXPECT_EQ(head_of(response),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nVia: 1.0 ecs-gateway\r\n"
              "X-Gateway-Request-Id: id\r\n\r\n");
}

TEST(answers, go_back_without_what_concerns_the_gateway_and_the_cloud_alone) {
    for (const field& one : {field{"Set-Cookie", "a=b"},
                             {"set-cookie2", "a=b"},
                             {"X-Subject-Token", "t"},
                             {"X-Auth-Token", "t"},
                             {"X-Security-Token", "t"},
                             {"WWW-Authenticate", "Basic"},
                             {"Authentication-Info", "x"},
                             {"Alt-Svc", "h3=\":443\""},
                             {"Strict-Transport-Security", "max-age=1"},
                             {"Location", "https://evil.example/"},
                             {"Location", "//evil.example/"},
                             {"Location", "/\\evil.example/"},
                             {"Location", ""},
                             {"Location", "evil.example"}}) {
        message::response_head response;
        response.status = 200;
        response.fields = {{"Date", "d"}, one};
        EXPECT_EQ(head_of(response).find(one.name), std::string::npos) << one.name << one.value;
    }
    message::response_head response;
    response.status = 302;
    response.fields = {{"Location", "/v1/p/jobs/j"}};
    EXPECT_NE(head_of(response).find("Location: /v1/p/jobs/j\r\n"), std::string::npos);
}

TEST(credential, is_cut_out_of_what_the_cloud_echoes) {
    EXPECT_EQ(without_credential("Get secretKey failed,ak:AK1,err:ak not exist", "AK1"),
              "Get secretKey failed,ak:[access key],err:ak not exist");
    EXPECT_EQ(
        without_credential("verify aksk signature fail, canonicalRequest:POST|/v1/|x-security-token:TOKEN", "AK1"),
        "verify aksk signature fail, [echo of the request cut out]");
    EXPECT_EQ(without_credential("Access=AK1, SignedHeaders=host, Signature=0123", "AK1"),
              "Access=[access key], [echo of the request cut out]");
    EXPECT_EQ(without_credential("AK1 and AK1", "AK1"), "[access key] and [access key]");
    EXPECT_EQ(without_credential("nothing to hide", ""), "nothing to hide");
}

TEST(says_expired, tells_what_a_fresh_secret_helps_against_from_all_that_it_does_not) {
    struct row {
        std::string_view message;
        bool token, pair;
    };
    // The cloud's own words: FAQ "How Do I Handle the Error APIG.0301?"
    for (const row& r : {
             row{"Incorrect IAM authentication information: token expires, expires_at: 2026-01-01T00:00:00Z", true,
                 true},
             row{"Incorrect IAM authentication information: decrypt token fail", true, false},
             row{"The token must be updated", true, true},
             row{"Incorrect IAM authentication information: security token expired", true, true},
             row{"Incorrect IAM authentication information: ak LTAI not exist", false, true},
             row{"Get secretKey failed,ak:X,err:ak not exist", false, true},
             row{"Incorrect IAM authentication information: verify aksk signature fail", false, false},
             row{"calc aksk signature fail:signature expired, signature time:T1,server time:T2", false, false},
             row{"AK access failed to reach the limit,forbidden", false, false},
             row{"x-auth-token not found", false, false},
             row{"", false, false},
         }) {
        EXPECT_EQ(says_expired(r.message, true), r.token) << r.message;
        EXPECT_EQ(says_expired(r.message, false), r.pair) << r.message;
    }
}

}  // namespace
}  // namespace gateway::pipeline
