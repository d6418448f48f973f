// sdk_requests.json: what each official SDK signs. Their sets of headers differ, so none but the date can be demanded.

#include <gtest/gtest.h>

#include "vectors.hpp"

namespace gateway::signing {
namespace {

struct sdk_request {
    explicit sdk_request(const boost::json::value& source)
        : sdk(text(source.at("sdk"))),
          method(text(source.at("method"))),
          path(text(source.at("path"))),
          query(text(source.at("query"))),
          signed_headers(text(source.at("signed_headers"))),
          authorization_header(text(source.at("authorization"))),
          payload(hash_payload(text(source.at("body")))) {
        for (const auto& h : source.at("headers").as_array())
            headers.emplace_back(text(h.at(0)), text(h.at(1)));
    }
    [[nodiscard]] bool verifies(const key& key, std::string_view date) const {
        authorization claimed;
        if (!parse_authorization(authorization_header, claimed)) return false;
        const auto fields = vector::views(headers);
        signer s;
        return s.verify(claimed, {method, path, query, fields, {payload.data(), payload.size()}}, fields, key, date);
    }
    [[nodiscard]] sdk_request with_header(std::string_view name, std::string_view value) const {
        sdk_request other = *this;
        for (auto& [n, v] : other.headers) {
            if (same_name(n, name)) v = value;
        }
        return other;
    }

    std::string sdk, method, path, query, signed_headers, authorization_header;
    payload_hash payload;
    std::vector<std::pair<std::string, std::string>> headers;
};

const boost::json::value& file() {
    static const boost::json::value read = [] {
        std::stringstream bytes;
        bytes << std::ifstream("tests/unit/signing/sdk_requests.json").rdbuf();
        return boost::json::parse(bytes.str());
    }();
    return read;
}

TEST(sdk_requests, of_every_official_sdk_verify) {
    const key caller(algorithm::sdk_hmac_sha256, text(file().at("access_key")), text(file().at("secret_key")));
    const std::string date = text(file().at("date"));
    std::vector<std::string> seen;
    for (const auto& each : file().at("requests").as_array()) {
        const sdk_request sent(each);
        SCOPED_TRACE(sent.sdk + ' ' + sent.method + ' ' + sent.path);
        seen.push_back(sent.sdk.substr(0, sent.sdk.find(' ')));
        authorization claimed;
        ASSERT_TRUE(parse_authorization(sent.authorization_header, claimed));
        EXPECT_EQ(claimed.signed_headers, sent.signed_headers);
        EXPECT_TRUE(covers(claimed, "x-sdk-date"));
        EXPECT_TRUE(sent.verifies(caller, date));
        // What is signed can't be changed, and what is not signed makes no difference.
        for (const auto& [name, value] : sent.headers) {
            std::string lower = name;
            std::transform(lower.begin(), lower.end(), lower.begin(), lower_case);
            EXPECT_EQ(sent.with_header(name, value + "x").verifies(caller, date), !covers(claimed, lower)) << name;
        }
    }
    for (const char* sdk : {"Python", "Go", "Java", "Node", "Terraform"})
        EXPECT_NE(std::find(seen.begin(), seen.end(), sdk), seen.end()) << sdk;
}

}  // namespace
}  // namespace gateway::signing
