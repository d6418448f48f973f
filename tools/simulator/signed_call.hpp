#pragma once
// For tests: calls as somebody with a pair sends them.

#include <openssl/hmac.h>

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gate.hpp"
#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/base/time.hpp"

namespace simulator {

struct pair_of_keys {
    std::string access_key, secret_key, security_token{};  // no token: a permanent pair
};

inline call signed_call(call what, const pair_of_keys& with, std::chrono::system_clock::time_point at) {
    const std::string date = gateway::sdk_date(std::chrono::floor<std::chrono::seconds>(at));
    std::string names = "host;x-sdk-date";
    what.headers.emplace_back("Host", "cloud.example");
    what.headers.emplace_back("X-Sdk-Date", date);
    if (!with.security_token.empty()) {
        what.headers.emplace_back("X-Security-Token", with.security_token);
        names = "host;x-sdk-date;x-security-token";
    }
    const std::string to_sign =
        "SDK-HMAC-SHA256\n" + date + "\n" + gateway::to_hex(gateway::sha256_of(gate::canonical_request(what, names)));
    unsigned char digest[32];
    unsigned length = sizeof digest;
    HMAC(EVP_sha256(), with.secret_key.data(), static_cast<int>(with.secret_key.size()),
         reinterpret_cast<const unsigned char*>(to_sign.data()), to_sign.size(), digest, &length);
    what.headers.emplace_back("Authorization", "SDK-HMAC-SHA256 Access=" + with.access_key + ", SignedHeaders=" +
                                                   names + ", Signature=" + gateway::to_hex({digest, length}));
    return what;
}

// What an answer of IAM or of the metadata service has issued.
inline pair_of_keys issued_pair(const answer& in) {
    const boost::json::value body = boost::json::parse(in.body).at("credential");
    const auto text = [&](const char* name) { return std::string(body.at(name).as_string()); };
    return {text("access"), text("secret"), text("securitytoken")};
}

inline std::string header_of(const answer& in, const std::string& name) {
    for (const auto& [n, value] : in.headers) {
        if (n == name) return value;
    }
    return "";
}

}  // namespace simulator
