#include <gtest/gtest.h>

#include <string>

#include "gateway/signing/signature.hpp"

namespace gateway::signing {
namespace {

const std::string hex(64, 'a');
const std::string sdk = "SDK-HMAC-SHA256 Access=AK1, SignedHeaders=host;x-sdk-date, Signature=" + hex;
const std::string v11 =
    "V11-HMAC-SHA256 Credential=AK1/20261123/cn-north-4/ecs, SignedHeaders=host;x-sdk-date, Signature=" + hex;

TEST(authorization, is_taken_apart) {
    authorization a;
    ASSERT_TRUE(parse_authorization(sdk, a));
    EXPECT_EQ(a.algorithm, algorithm::sdk_hmac_sha256);
    EXPECT_EQ(a.access_key, "AK1");
    EXPECT_EQ(a.signed_headers, "host;x-sdk-date");
    EXPECT_EQ(a.signature, hex);
    ASSERT_TRUE(parse_authorization(v11, a));
    EXPECT_EQ(a.algorithm, algorithm::v11_hmac_sha256);
    EXPECT_EQ(a.access_key, "AK1");
    EXPECT_EQ(a.date, "20261123");
    EXPECT_EQ(a.scope.region, "cn-north-4");
    EXPECT_EQ(a.scope.service, "ecs");
}

std::string replace(std::string text, std::string_view old, std::string_view replacement) {
    const auto position = text.find(old);
    EXPECT_NE(position, std::string::npos) << old;
    return text.replace(position, old.size(), replacement);
}

TEST(authorization, of_any_other_form_is_rejected) {
    for (const std::string& text : {
             std::string(),
             std::string("SDK-HMAC-SHA256"),
             std::string("SDK-HMAC-SHA256 "),
             "Bearer " + hex,
             " " + sdk,
             sdk + " ",
             replace(sdk, "SDK-HMAC", "sdk-hmac"),
             replace(sdk, "Access=", "access="),
             replace(sdk, "Access=AK1", "Access="),
             replace(sdk, "Access=AK1", "Access=A K"),
             replace(sdk, "Access=AK1", "Access=AK1/x"),
             replace(sdk, ", Signed", ",Signed"),
             replace(sdk, ", Signed", ",  Signed"),
             replace(sdk, "host;x-sdk-date", "x-sdk-date;host"),
             replace(sdk, "host;x-sdk-date", "Host;x-sdk-date"),
             replace(sdk, "host;x-sdk-date", "host;host;x-sdk-date"),
             replace(sdk, "host;x-sdk-date", ";host;x-sdk-date"),
             replace(sdk, "host;x-sdk-date", "host;x-sdk-date;"),
             replace(sdk, "host;x-sdk-date", "host;;x-sdk-date"),
             replace(sdk, "host;x-sdk-date", "host;x-sdk-date;x_y"),
             replace(sdk, "host;x-sdk-date", ""),
             replace(sdk, hex, hex.substr(1)),
             replace(sdk, hex, hex + "a"),
             replace(sdk, hex, std::string(64, 'A')),
             replace(sdk, hex, std::string(64, 'g')),
             replace(v11, "Credential=", "Access="),
             replace(sdk, "Access=", "Credential="),
             replace(v11, "/20261123", ""),
             replace(v11, "20261123", "2026112"),
             replace(v11, "/ecs", ""),
             replace(v11, "/ecs", "/"),
             replace(v11, "cn-north-4", ""),
             replace(v11, "/ecs", "/ecs/more"),
             sdk + ", Signature=" + hex,
         }) {
        authorization a;
        EXPECT_FALSE(parse_authorization(text, a)) << text;
    }
}

TEST(authorization, tells_which_headers_it_covers) {
    const std::string header = replace(sdk, "host;x-sdk-date", "user-agent;x-sdk-date");
    authorization a;
    ASSERT_TRUE(parse_authorization(header, a));
    for (const char* name : {"user-agent", "x-sdk-date"})
        EXPECT_TRUE(covers(a, name)) << name;
    for (const char* name : {"host", "agent", "user", "x-sdk", "date", "", "user-agent;x-sdk-date"})
        EXPECT_FALSE(covers(a, name)) << name;
    EXPECT_FALSE(covers(authorization{}, ""));
}

TEST(authorization, counts_as_a_signature_by_its_scheme_alone) {
    EXPECT_TRUE(is_signature(sdk));
    EXPECT_TRUE(is_signature(v11));
    EXPECT_TRUE(is_signature("SDK-HMAC-SHA256 nonsense"));
    EXPECT_TRUE(is_signature("sdk-hmac-sha256 nonsense"));
    EXPECT_FALSE(is_signature("Bearer SDK-HMAC-SHA256"));
    EXPECT_FALSE(is_signature("SDK-HMAC-SM3 Access=x"));
    EXPECT_FALSE(is_signature(""));
}

}  // namespace
}  // namespace gateway::signing
