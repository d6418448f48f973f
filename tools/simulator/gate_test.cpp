#include "gate.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <vector>

#include "gateway/base/time.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

std::string text(const boost::json::value& v) { return v.is_string() ? std::string(v.get_string()) : ""; }

// A request of the official SDKs' vectors, as it was sent.
struct sent {
    explicit sent(const boost::json::value& v) {
        what.method = text(v.at("method"));
        what.path = text(v.at("url").at("path"));
        what.query = text(v.at("url").at("query"));
        for (const auto& h : v.at("expected").at("request_headers").as_object())
            what.headers.emplace_back(h.key(), text(h.value()));
        what.body = text(v.at("body"));
        if (text(v.at("body_encoding")) == "base64") {
            std::string bytes(what.body.size() / 4 * 3, '\0');
            EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                            reinterpret_cast<const unsigned char*>(what.body.data()),
                            static_cast<int>(what.body.size()));
            bytes.resize(bytes.size() - static_cast<std::size_t>(std::count(what.body.begin(), what.body.end(), '=')));
            what.body = bytes;
        }
        access_key key;
        key.secret_key = text(v.at("sk"));
        key.account = "vector";
        if (const auto token = text(v.at("security_token")); !token.empty()) key.security_token = token;
        keys[text(v.at("ak"))] = key;
        at = *gateway::read_sdk_date(text(v.at("timestamp")));
        canonical = text(v.at("expected").at("canonical_request"));
        signed_names = text(v.at("expected").at("signed_headers"));
        name = text(v.at("name"));
    }
    call what;
    std::map<std::string, access_key> keys;
    std::chrono::system_clock::time_point at;
    std::string canonical, signed_names, name;
};

std::vector<sent> vectors() {
    std::stringstream file;
    file << std::ifstream(PROJECT_DIR "/tests/unit/signing/vectors.json").rdbuf();
    std::vector<sent> all;
    const auto parsed = boost::json::parse(file.str());
    for (const auto& v : parsed.at("vectors").as_array())
        all.emplace_back(v);
    return all;
}

sent first() { return vectors().front(); }

bool passes(gate& g, const sent& s) { return g.pass(s.what, s.at).index() == 0; }

std::string refusal(gate& g, const call& what, std::chrono::system_clock::time_point at) {
    const auto got = g.pass(what, at);
    return got.index() == 1 ? std::get<1>(got).body : "passed";
}

TEST(gate, passes_what_the_official_sdks_signed) {
    const auto all = vectors();
    ASSERT_EQ(all.size(), 151U);
    for (const auto& s : all) {
        SCOPED_TRACE(s.name);
        EXPECT_EQ(gate::canonical_request(s.what, s.signed_names), s.canonical);
        gate g(s.keys);
        EXPECT_TRUE(passes(g, s));
    }
}

TEST(gate, refuses_what_was_changed) {
    for (auto s : vectors()) {
        SCOPED_TRACE(s.name);
        gate g(s.keys);
        s.what.path += "/x";
        EXPECT_FALSE(passes(g, s));
    }
}

TEST(gate, tells_why_as_the_cloud_does) {
    auto s = first();
    gate g(s.keys);
    EXPECT_NE(refusal(g, s.what, s.at + 16min)
                  .find("signature expired, signature time:20261123T100000Z,server time:20261123T101600Z"),
              std::string::npos);
    auto changed = s.what;
    changed.body += " ";
    EXPECT_NE(refusal(g, changed, s.at).find("verify aksk signature fail, canonicalRequest:POST|"), std::string::npos);
    const std::map<std::string, access_key> none;
    gate empty(none);
    EXPECT_NE(refusal(empty, s.what, s.at).find("ak:VECTORAK00000PARTNER,err:ak not exist"), std::string::npos);
    changed.headers.clear();
    EXPECT_NE(refusal(g, changed, s.at).find("x-auth-token not found"), std::string::npos);
}

TEST(gate, locks_a_key_after_more_than_five_refusals_in_a_row) {
    const auto s = first();
    gate g(s.keys);
    auto wrong = s.what;
    wrong.body += " ";
    for (int i = 0; i < 5; ++i)
        EXPECT_NE(refusal(g, wrong, s.at).find("verify"), std::string::npos);
    EXPECT_TRUE(passes(g, s)) << "five are allowed, and forgotten after a right one";
    for (int i = 0; i < 6; ++i)
        EXPECT_NE(refusal(g, wrong, s.at).find("verify"), std::string::npos);
    EXPECT_NE(refusal(g, s.what, s.at).find("AK access failed to reach the limit,forbidden."), std::string::npos);
    EXPECT_EQ(refusal(g, s.what, s.at + 5min), "passed");
}

}  // namespace
}  // namespace simulator
