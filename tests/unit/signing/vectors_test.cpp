#include "vectors.hpp"

#include <gtest/gtest.h>

namespace gateway::signing {
namespace {

TEST(vectors, are_all_there) {
    EXPECT_EQ(vectors().size(), 151U);
    EXPECT_EQ(std::count_if(vectors().begin(), vectors().end(),
                            [](const auto& v) { return v.algorithm == algorithm::v11_hmac_sha256; }),
              25);
}

TEST(signing, agrees_with_the_official_signers_at_every_stage) {
    signer s;  // one for all: nothing of an earlier request may show in a later one
    for (const auto& v : vectors()) {
        SCOPED_TRACE(v.name);
        const auto fields = vector::views(v.given);
        const std::string authorization(s.sign(v.request(fields), v.key(), v.date, v.scope()));
        EXPECT_EQ(s.canonical_request(), v.canonical);
        EXPECT_EQ(s.string_to_sign(), v.to_sign);
        EXPECT_EQ(s.signed_headers(), v.signed_names);
        EXPECT_EQ(authorization, v.authorization);
    }
}

TEST(verifying, accepts_what_the_official_signers_signed) {
    signer s;
    for (const auto& v : vectors()) {
        SCOPED_TRACE(v.name);
        const auto received = vector::views(v.sent);
        authorization claimed;
        ASSERT_TRUE(parse_authorization(find_field(received, "Authorization")->value, claimed));
        EXPECT_EQ(claimed.access_key, v.access_key);
        EXPECT_TRUE(s.verify(claimed, v.request(received), received, v.key(), v.date));
    }
}

TEST(verifying, refuses_what_was_signed_with_another_key) {
    signer s;
    for (const auto& v : vectors()) {
        SCOPED_TRACE(v.name);
        const auto received = vector::views(v.sent);
        authorization claimed;
        ASSERT_TRUE(parse_authorization(v.authorization, claimed));
        EXPECT_FALSE(s.verify(claimed, v.request(received), received,
                              key(v.algorithm, v.access_key, v.secret_key + "x"), v.date));
        const auto other =
            v.algorithm == algorithm::v11_hmac_sha256 ? algorithm::sdk_hmac_sha256 : algorithm::v11_hmac_sha256;
        EXPECT_FALSE(s.verify(claimed, v.request(received), received, key(other, v.access_key, v.secret_key), v.date));
    }
}

}  // namespace
}  // namespace gateway::signing
