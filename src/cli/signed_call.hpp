#pragma once
// The work of `sign`, without options and files.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/secret_text.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::cli {

// A request as the command line gives it.
struct unsigned_call {
    signing::algorithm algorithm = signing::algorithm::sdk_hmac_sha256;
    std::string region, service;  // V11-HMAC-SHA256 only
    std::string access_key;
    secret_text secret_key;
    std::optional<secret_text> security_token;
    std::string method;
    std::string url;                   // http or https; path and query as they are sent
    std::vector<std::string> headers;  // "Name: value", signed besides those that signing adds
    std::string body;
    std::string date;  // of X-Sdk-Date
};

// Every stage of the signature, and the headers that make the request a signed one.
struct signed_call {
    std::string canonical_request;
    std::string string_to_sign;
    std::string authorization;
    std::vector<std::pair<std::string, std::string>> headers;
    bool reads_one_way = true;  // whether every server reads path and query as this signature does
};

// Throws `misused` for a request that can't be sent as it is given.
[[nodiscard]] signed_call sign_call(const unsigned_call& call);

// One JSON object: canonical_request, string_to_sign, authorization, headers.
[[nodiscard]] std::string as_json(const signed_call& call);

// The same under headings, for a reader.
[[nodiscard]] std::string as_text(const signed_call& call);

}  // namespace gateway::cli
