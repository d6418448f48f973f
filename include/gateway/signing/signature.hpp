#pragma once
// Signs and verifies calls the way the cloud's SDKs do. Pure: reads no clock, file or environment.
// Source: the vendor's "API Request Signing Guide"; vectors made with the official SDKs in tests/unit/signing.
// Every stage is public, since `sign` on the command line prints it and tests compare it: a wrong signature alone never
// tells which stage went wrong.

#include <boost/system/result.hpp>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/append.hpp"
#include "gateway/base/field.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/signing/algorithm.hpp"

namespace gateway::signing {

// Where a V11 signature is good: its key is derived for day, region and service. SDK-HMAC-SHA256 ignores it.
struct scope {
    std::string_view region;   // "cn-north-4"
    std::string_view service;  // "ecs"; upper and lower case give different keys
};

// A key pair ready for use: the pads of the HMAC are hashed once, here (RFC 2104, 4). As good as the secret itself:
// can't be printed, is wiped when it goes, moves but does not copy.
class key {
public:
    key(signing::algorithm algorithm, std::string_view access_key, std::string_view secret_key);
    key(key&&) noexcept;
    key& operator=(key&&) noexcept;
    key(const key&) = delete;
    key& operator=(const key&) = delete;
    ~key();

    [[nodiscard]] signing::algorithm algorithm() const noexcept { return algorithm_; }
    [[nodiscard]] const std::string& access_key() const noexcept { return access_key_; }

private:
    friend class signer;
    signing::algorithm algorithm_;
    std::string access_key_;
    // SDK-HMAC-SHA256: of the secret key. V11: of the extracted key `prk`, which does not depend on the date (RFC
    // 5869).
    sha256 inner_, outer_;
};

// 64 lower-case hex digits of a body's SHA-256: the last line of the canonical request.
using payload_hash = std::array<char, 64>;
[[nodiscard]] payload_hash hash_payload(std::string_view body) noexcept;

// The request to sign. Views only: the bytes must live as long as the call that is given this.
struct request {
    std::string_view method;  // as sent, upper case
    std::string_view path;    // as on the wire, with its percent-escapes
    std::string_view query;   // as on the wire, without '?'
    std::span<const field>
        fields;  // those to sign, in any order, names in any case; Host and X-Sdk-Date are the caller's to put in
    std::string_view payload;  // 64 hex digits (hash_payload) or what X-Sdk-Content-Sha256 says instead
};

// True when path and query are such that every signer and every server reads them the same way: no broken or non-UTF-8
// percent-escape, no escaped NUL, no escaped slash or backslash in the path, no bare '+' in the query, no byte that RFC
// 3986 does not allow.
[[nodiscard]] bool reads_one_way(std::string_view path, std::string_view query) noexcept;

// An Authorization header, taken apart. Views into it.
struct authorization {
    signing::algorithm algorithm = signing::algorithm::sdk_hmac_sha256;
    std::string_view access_key;
    std::string_view date;            // V11: YYYYMMDD of the credential scope
    signing::scope scope;             // V11
    std::string_view signed_headers;  // "content-type;host;x-sdk-date"
    std::string_view signature;       // 64 lower-case hex digits
};

// Whether the header's scheme is one of the two algorithms: a signature, be it right or wrong.
[[nodiscard]] bool is_signature(std::string_view authorization_header) noexcept;

// Strict: exactly the form the SDKs write ("Access=…, SignedHeaders=…, Signature=…"; one space after each comma), names
// in SignedHeaders lower case, sorted, without doubles. False for anything else. Which headers are signed is the
// verifier's to judge: the SDKs differ (covers()).
[[nodiscard]] bool parse_authorization(std::string_view header, authorization& parsed) noexcept;

// Whether the header of that name (lower case) is among the signed ones.
[[nodiscard]] bool covers(const authorization& authorization, std::string_view name) noexcept;

// Signs and verifies one request after another and re-uses its buffers: one for each worker, not for two threads at
// once. No allocation in the steady state.
class signer {
public:
    // The Authorization header for `request`, good until the next call. `date` is the text of X-Sdk-Date, which must be
    // among request.fields as well.
    [[nodiscard]] std::string_view sign(const request& request, const key& key, std::string_view date,
                                        const scope& scope);

    // Whether `claimed` is the signature of `request` under `key`, compared in constant time. `received` are all fields
    // of the request; those that SignedHeaders names must each occur exactly once, and are taken in its order.
    [[nodiscard]] bool verify(const authorization& claimed, request request, std::span<const field> received,
                              const key& key, std::string_view date);

    // Overwrites the canonical request of the last call, for calls that signed a security token.
    void forget() noexcept;

    // The stages of the last call to sign() or verify().
    [[nodiscard]] const std::string& canonical_request() const noexcept { return canonical_; }
    [[nodiscard]] const std::string& string_to_sign() const noexcept { return to_sign_; }
    [[nodiscard]] const std::string& signed_headers() const noexcept { return names_; }

private:
    struct parameter {
        std::string_view name, value;  // decoded
    };
    void canonicalise(const request& request, std::span<const field> ordered);
    void put_query(std::string_view query, text_writer& out);
    [[nodiscard]] payload_hash compute(const key& key, std::string_view date, const scope& scope);

    std::string canonical_, to_sign_, names_, authorization_, decoded_;
    std::vector<field> ordered_;
    std::vector<parameter> parameters_;
};

}  // namespace gateway::signing
