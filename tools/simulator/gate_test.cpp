#include "gate.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"
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
        ak = text(v.at("ak"));
        from.keys[ak] = key;
        at = *gateway::read_sdk_date(text(v.at("timestamp")));
        canonical = text(v.at("expected").at("canonical_request"));
        signed_names = text(v.at("expected").at("signed_headers"));
        name = text(v.at("name"));
        v11 = text(v.at("algorithm")) == "V11-HMAC-SHA256";
        for (const auto& tag : v.at("tags").as_array())
            unsigned_payload = unsigned_payload || tag == "unsigned-payload";
    }
    access_key& key() { return from.keys.at(ak); }
    std::string& header(const std::string& named) {
        const auto found = std::find_if(what.headers.begin(), what.headers.end(),
                                        [&](const auto& h) { return boost::beast::iequals(h.first, named); });
        if (found == what.headers.end()) throw std::logic_error("no header " + named);
        return found->second;
    }
    call what;
    seed from;
    std::chrono::system_clock::time_point at;
    std::string ak, canonical, signed_names, name;
    bool v11 = false, unsigned_payload = false;
};

boost::json::value parsed_file(const char* path) {
    std::stringstream file;
    file << std::ifstream(path).rdbuf();
    return boost::json::parse(file.str());
}

std::vector<sent> vectors() {
    std::vector<sent> all;
    const auto parsed = parsed_file("tests/unit/signing/vectors.json");
    for (const auto& v : parsed.at("vectors").as_array())
        all.emplace_back(v);
    return all;
}

sent first() { return vectors().front(); }

// The first vector of a kind.
template <class Is>
sent some(const Is& is) {
    for (auto& s : vectors()) {
        if (is(s)) return s;
    }
    throw std::logic_error("no such vector");
}

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
        gate g(s.from);
        EXPECT_EQ(passes(g, s), !s.unsigned_payload);
    }
}

// Each signs headers of its own choice; Go and Terraform leave Host out.
TEST(gate, passes_what_each_official_sdk_signs) {
    const auto file = parsed_file("tests/unit/signing/sdk_requests.json");
    seed from;
    access_key& key = from.keys[text(file.at("access_key"))];
    key.secret_key = text(file.at("secret_key"));
    key.account = "caller";
    const auto at = *gateway::read_sdk_date(text(file.at("date")));
    for (const auto& each : file.at("requests").as_array()) {
        SCOPED_TRACE(text(each.at("sdk")) + ' ' + text(each.at("path")));
        call what;
        what.method = text(each.at("method"));
        what.path = text(each.at("path"));
        what.query = text(each.at("query"));
        what.body = text(each.at("body"));
        for (const auto& h : each.at("headers").as_array())
            what.headers.emplace_back(text(h.at(0)), text(h.at(1)));
        what.headers.emplace_back("Authorization", text(each.at("authorization")));
        gate g(from);
        EXPECT_EQ(g.pass(what, at).index(), 0U);
    }
}

TEST(gate, refuses_what_was_changed) {
    for (auto s : vectors()) {
        SCOPED_TRACE(s.name);
        gate g(s.from);
        s.what.path += "/x";
        EXPECT_FALSE(passes(g, s));
    }
}

TEST(gate, refuses_each_thing_that_can_be_wrong_with_a_signature) {
    const auto permanent = first();
    const auto temporary = some([](const sent& s) { return s.from.keys.at(s.ak).security_token.has_value(); });
    const auto hashed = some([](const sent& s) { return s.name == "body: payload hash given in the header"; });
    struct change {
        const char* what;
        sent of;
        std::function<void(sent&)> make;
    };
    // Where the signature itself stays right, only the rule that is named can refuse the call.
    const std::vector<change> changes = {
        {"method", permanent, [](sent& s) { s.what.method = "PUT"; }},
        {"query", permanent, [](sent& s) { s.what.query = "a=1"; }},
        {"body", permanent, [](sent& s) { s.what.body += " "; }},
        {"body beneath a hash in the header", hashed, [](sent& s) { s.what.body += " "; }},
        {"signed header", permanent, [](sent& s) { s.header("host") += ".example"; }},
        {"signed header twice", permanent, [](sent& s) { s.what.headers.emplace_back("HOST", s.header("host")); }},
        {"signed header gone", permanent,
         [](sent& s) {
             std::erase_if(s.what.headers,
                           [](const auto& h) { return boost::beast::iequals(h.first, "content-type"); });
         }},
        {"proof twice", permanent,
         [](sent& s) { s.what.headers.emplace_back("authorization", s.header("authorization")); }},
        {"another secret", permanent, [](sent& s) { s.key().secret_key += "x"; }},
        {"disabled key", permanent, [](sent& s) { s.key().enabled = false; }},
        {"too old", permanent, [](sent& s) { s.at += 15min + 1s; }},
        {"too early", permanent, [](sent& s) { s.at -= 15min + 1s; }},
        {"permanent key with a token", permanent,
         [](sent& s) { s.what.headers.emplace_back("X-Security-Token", "t"); }},
        {"temporary key without its token", permanent, [](sent& s) { s.key().security_token = "t"; }},
        {"token that is not signed", permanent,
         [](sent& s) {
             s.key().security_token = "t";
             s.what.headers.emplace_back("X-Security-Token", "t");
         }},
        {"another token", temporary, [](sent& s) { *s.key().security_token += "x"; }},
    };
    for (const auto& c : changes) {
        sent s = c.of;
        gate before(s.from);
        ASSERT_TRUE(passes(before, s)) << c.what;
        c.make(s);
        gate g(s.from);
        EXPECT_FALSE(passes(g, s)) << c.what;
    }
}

// A V11 signature made here, since no vector has a scope of another day.
TEST(gate, takes_no_derived_key_of_another_day) {
    for (const char* day : {"20261123", "20261124"}) {
        auto s = some([](const sent& v) { return v.v11; });
        const auto hmac = [](const std::string& key, const std::string& message) {
            std::string digest(32, '\0');
            unsigned length = 0;
            HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                 reinterpret_cast<unsigned char*>(digest.data()), &length);
            return digest;
        };
        const auto hex = [](const std::string& bytes) {
            return gateway::to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
        };
        const std::string info = std::string(day) + "/cn-north-4/ecs";
        const auto digest = gateway::sha256_of(s.canonical);
        const std::string key = hex(hmac(hmac(s.ak, s.key().secret_key), info + '\x01'));
        s.header("authorization") =
            "V11-HMAC-SHA256 Credential=" + s.ak + "/" + info + ", SignedHeaders=" + s.signed_names + ", Signature=" +
            hex(hmac(key, "V11-HMAC-SHA256\n" + s.header("x-sdk-date") + "\n" + info + "\n" + gateway::to_hex(digest)));
        gate g(s.from);
        EXPECT_EQ(passes(g, s), std::string(day) == "20261123") << day;
    }
}

TEST(gate, takes_a_token_that_the_seed_lists) {
    seed from;
    from.tokens["good"] = {"a", "pa"};
    gate g(from);
    const auto got = g.pass({"GET", "/", "", {{"X-Auth-Token", "good"}}, ""}, {});
    ASSERT_EQ(got.index(), 0U);
    EXPECT_EQ(std::get<0>(got).account, "a");
    EXPECT_EQ(std::get<0>(got).project, "pa");
    EXPECT_NE(refusal(g, {"GET", "/", "", {{"X-Auth-Token", "bad"}}, ""}, {}).find("decrypt token fail"),
              std::string::npos);
    auto both = first();
    both.what.headers.emplace_back("X-Auth-Token", "good");
    EXPECT_NE(refusal(g, both.what, both.at).find("ak not exist"), std::string::npos)
        << "a token does not save a signature that is wrong";
}

TEST(gate, keeps_the_canonical_request_to_itself_when_told_to) {
    auto s = first();
    s.from.echo_canonical_request = false;
    s.what.body += " ";
    gate g(s.from);
    EXPECT_EQ(refusal(g, s.what, s.at).find("canonicalRequest"), std::string::npos);
}

TEST(gate, repeats_the_id_of_the_answer_in_its_body) {
    gate g(seed{});
    call what{"GET", "/", "", {}, ""};
    what.request_id = "0123456789abcdef0123456789abcdef";
    EXPECT_NE(refusal(g, what, {}).find("\"request_id\":\"0123456789abcdef0123456789abcdef\""), std::string::npos);
}

TEST(gate, tells_why_as_the_cloud_does) {
    auto s = first();
    gate g(s.from);
    EXPECT_NE(refusal(g, s.what, s.at + 16min)
                  .find("signature expired, signature time:20261123T100000Z,server time:20261123T101600Z"),
              std::string::npos);
    auto changed = s.what;
    changed.body += " ";
    EXPECT_NE(refusal(g, changed, s.at).find("verify aksk signature fail, canonicalRequest:POST|"), std::string::npos);
    gate empty(seed{});
    EXPECT_NE(refusal(empty, s.what, s.at).find("ak:VECTORAK00000PARTNER,err:ak not exist"), std::string::npos);
    changed.headers.clear();
    EXPECT_NE(refusal(g, changed, s.at).find("x-auth-token not found"), std::string::npos);
}

TEST(gate, locks_a_key_after_more_than_five_refusals_in_a_row) {
    const auto s = first();
    gate g(s.from);
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

TEST(gate, locks_nothing_for_calls_without_a_key) {
    gate g(seed{});
    for (int i = 0; i < 10; ++i)
        EXPECT_NE(refusal(g, {"GET", "/", "", {}, ""}, {}).find("x-auth-token not found"), std::string::npos);
}

}  // namespace
}  // namespace simulator
