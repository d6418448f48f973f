// `sign` against what the official SDKs sign (tests/unit/signing/vectors.json), stage by stage, and what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "command.hpp"
#include "signed_call.hpp"
#include "world.hpp"

namespace gateway::cli {

namespace {

namespace json = boost::json;
using testing::HasSubstr;

std::string text(const json::value& value) { return json::value_to<std::string>(value); }

std::string from_base64(std::string_view digits) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : digits.substr(0, digits.find('='))) {
        bits = bits << 6 | static_cast<std::uint32_t>(alphabet.find(c));
        have += 6;
        if (have < 8) continue;
        have -= 8;
        bytes += static_cast<char>(bits >> have & 0xFF);
    }
    return bytes;
}

unsigned_call call_of(const json::object& vector) {
    const json::object& url = vector.at("url").as_object();
    unsigned_call call;
    if (text(vector.at("algorithm")) == "V11-HMAC-SHA256") {
        call.algorithm = signing::algorithm::v11_hmac_sha256;
        call.region = text(vector.at("region"));
        call.service = text(vector.at("service"));
    }
    call.access_key = text(vector.at("ak"));
    call.secret_key = secret_text(text(vector.at("sk")));
    if (const auto* token = vector.at("security_token").if_string()) call.security_token = secret_text(*token);
    call.method = text(vector.at("method"));
    call.url = text(url.at("scheme")) + "://" + text(url.at("host")) + text(url.at("path"));
    if (!url.at("query").as_string().empty()) call.url += '?' + text(url.at("query"));
    for (const auto& header : vector.at("headers").as_object())
        call.headers.push_back(std::string(header.key()) + ": " + text(header.value()));
    call.body = text(vector.at("body"));
    if (vector.at("body_encoding").as_string() == "base64") call.body = from_base64(call.body);
    call.date = text(vector.at("timestamp"));
    return call;
}

TEST(sign_call, agrees_with_the_official_signers_at_every_stage) {
    std::ifstream file("tests/unit/signing/vectors.json", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    ASSERT_FALSE(bytes.empty()) << "no vectors";
    const json::value all = json::parse(bytes);
    std::size_t compared = 0;
    for (const auto& one : all.at("vectors").as_array()) {
        const json::object& vector = one.as_object();
        const json::object& expected = vector.at("expected").as_object();
        const signed_call signed_one = sign_call(call_of(vector));
        const json::value printed = json::parse(as_json(signed_one));
        EXPECT_EQ(signed_one.canonical_request, text(expected.at("canonical_request"))) << vector.at("name");
        EXPECT_EQ(signed_one.string_to_sign, text(expected.at("string_to_sign"))) << vector.at("name");
        EXPECT_EQ(signed_one.authorization, text(expected.at("authorization"))) << vector.at("name");
        for (const char* stage : {"canonical_request", "string_to_sign", "authorization"})
            EXPECT_EQ(printed.at(stage), expected.at(stage)) << vector.at("name");
        for (const auto& header : printed.at("headers").as_object()) {
            const auto* const same = expected.at("request_headers").as_object().if_contains(header.key());
            ASSERT_NE(same, nullptr) << header.key();
            EXPECT_EQ(header.value(), *same) << vector.at("name");
        }
        ++compared;
    }
    EXPECT_GE(compared, 100U);
}

unsigned_call good() {
    unsigned_call call;
    call.access_key = "AK";
    call.secret_key = secret_text("SK");
    call.method = "GET";
    call.url = "https://ecs.cn-north-4.myhuaweicloud.com/v1/p/jobs/j";
    call.date = "20260102T030405Z";
    return call;
}

std::string complaint(const unsigned_call& call) {
    try {
        static_cast<void>(sign_call(call));
    } catch (const misused& e) {
        return e.what();
    }
    return "none";
}

TEST(sign_call, rejects_a_url_that_is_not_what_is_sent) {
    struct {
        const char *url, *says;
    } const cases[] = {
        {"", "start with https"},
        {"ecs.cn-north-4.myhuaweicloud.com/v1", "start with https"},
        {"ftp://h/", "start with https"},
        {"https://", "no host"},
        {"https:///v1", "no host"},
        {"https://?a", "no host"},
        {"https://user:password@h/", "no user name"},
        {"https://h/#f", "fragment"},
        {"https://h/a b", "percent-encode"},
        {"https://h/\xC3\xA9", "percent-encode"},
        {"https://h/\r\nX: y", "percent-encode"},
    };
    for (const auto& c : cases) {
        auto call = good();
        call.url = c.url;
        EXPECT_THAT(complaint(call), HasSubstr(c.says)) << c.url;
    }
}

TEST(sign_call, signs_the_root_where_the_url_has_no_path) {
    for (const char* url : {"https://h", "HTTP://h/", "https://h?"}) {
        auto call = good();
        call.url = url;
        EXPECT_THAT(sign_call(call).canonical_request, testing::StartsWith("GET\n/\n\nhost:h\n")) << url;
    }
}

TEST(sign_call, rejects_headers_that_would_not_be_sent_so) {
    struct {
        std::vector<std::string> headers;
        const char* says;
    } const cases[] = {
        {{"no colon"}, "is written as"},
        {{": value"}, "is written as"},
        {{"a b: value"}, "is written as"},
        {{"X-A: a\r\nX-B: b"}, "control character"},
        {{"host: h"}, "Host is added by signing"},
        {{"X-SDK-DATE: 20260102T030405Z"}, "X-Sdk-Date is added by signing"},
        {{"x-security-token: t"}, "X-Security-Token is added by signing"},
        {{"Authorization: x"}, "Authorization is added by signing"},
        {{"X-A: 1", "x-a: 2"}, "twice"},
    };
    for (const auto& c : cases) {
        auto call = good();
        call.headers = c.headers;
        EXPECT_THAT(complaint(call), HasSubstr(c.says)) << c.headers.front();
    }
}

TEST(sign_call, rejects_other_parts_that_make_no_request) {
    const auto io = [](auto change) {
        auto call = good();
        change(call);
        return complaint(call);
    };
    EXPECT_EQ(complaint(good()), "none");
    EXPECT_THAT(io([](auto& c) { c.method = "get"; }), HasSubstr("upper case"));
    EXPECT_THAT(io([](auto& c) { c.method = ""; }), HasSubstr("upper case"));
    EXPECT_THAT(io([](auto& c) { c.method = "GET /"; }), HasSubstr("upper case"));
    EXPECT_THAT(io([](auto& c) { c.date = "2026-01-02"; }), HasSubstr("20260102T030405Z"));
    EXPECT_THAT(io([](auto& c) { c.date = "20260230T030405Z"; }), HasSubstr("20260102T030405Z"));
    EXPECT_THAT(io([](auto& c) { c.access_key = ""; }), HasSubstr("access key"));
    EXPECT_THAT(io([](auto& c) {
                    c.algorithm = signing::algorithm::v11_hmac_sha256;
                    c.region = "cn-north-4";
                }),
                HasSubstr("--service"));
    EXPECT_THAT(io([](auto& c) {
                    c.algorithm = signing::algorithm::v11_hmac_sha256;
                    c.service = "ecs";
                }),
                HasSubstr("--region"));
}

struct sign : testing::Test {
    folder files;
    std::vector<std::string> line{
        "sign",  "--access-key",         "AK",     "--secret-key-file", files.write("sk", "SK\n"), "--method", "POST",
        "--url", "https://h/v1?b=2&a=1", "--date", "20260102T030405Z"};

    answer io(std::vector<std::string> more) {
        more.insert(more.begin(), line.begin(), line.end());
        return ask(more);
    }
};

// The same request by way of options and files as by way of the function.
TEST_F(sign, reads_options_and_files) {
    unsigned_call same = good();
    same.method = "POST";
    same.url = "https://h/v1?b=2&a=1";
    same.headers = {"Content-Type: application/json", "X-A: -1"};
    same.body = std::string("\0\r\n{}\n", 6);
    same.security_token = secret_text("token");
    same.algorithm = signing::algorithm::v11_hmac_sha256;
    same.region = "cn-north-4";
    same.service = "ecs";
    const auto answer = io({"--header", same.headers[0], "--header", same.headers[1], "--body",
                            files.write("body", same.body), "--security-token-file", files.write("token", "token\n"),
                            "--algorithm", "V11-HMAC-SHA256", "--region", "cn-north-4", "--service", "ecs", "--json"});
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_EQ(answer.out, as_json(sign_call(same)) + "\n");
}

TEST_F(sign, prints_each_stage_under_its_heading) {
    const auto answer = io({});
    EXPECT_EQ(answer.status, done) << answer.err;
    EXPECT_THAT(answer.out, testing::StartsWith("canonical request:\nPOST\n/v1/\na=1&b=2\nhost:h\n"));
    EXPECT_THAT(answer.out, HasSubstr("\n\nstring to sign:\nSDK-HMAC-SHA256\n20260102T030405Z\n"));
    EXPECT_THAT(answer.out,
                HasSubstr("\n\nheaders to add:\nHost: h\nX-Sdk-Date: 20260102T030405Z\nAuthorization: SDK-"));
    EXPECT_THAT(answer.out, testing::EndsWith("\n"));
    EXPECT_EQ(answer.err, "");
}

TEST_F(sign, uses_the_time_of_day_without_a_date) {
    line.resize(line.size() - 2);
    EXPECT_EQ(io({}).status, done);
}

TEST_F(sign, tells_when_servers_may_read_the_url_in_two_ways) {
    line[8] = "https://h/a%2Fb";
    const auto answer = io({});
    EXPECT_EQ(answer.status, done);
    EXPECT_THAT(answer.err, HasSubstr("note: "));
}

TEST_F(sign, tells_usage_from_failure) {
    EXPECT_EQ(io({"--algorithm", "HMAC"}).status, wrong_usage);
    EXPECT_EQ(io({"--algorithm", "V11-HMAC-SHA256"}).status, wrong_usage);
    EXPECT_EQ(io({"--header", "x"}).status, wrong_usage);
    EXPECT_EQ(io({"--body", files.path("nowhere")}).status, failed);
    EXPECT_EQ(io({"--security-token-file", files.path("nowhere")}).status, failed);
    line[4] = files.write("empty", "\n");
    EXPECT_EQ(io({}).status, failed);
}

}  // namespace

}  // namespace gateway::cli
