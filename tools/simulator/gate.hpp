#pragma once
// The API gateway in front of the cloud: who signed a request? With code of its own, written after the vendor's "API
// Request Signing Guide", the plain way: clear before fast, and nothing of the gateway's `signing`.
// Answers as the cloud does: reference of codes APIGW.0301, 401.

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "call.hpp"
#include "keyring.hpp"
#include "seed.hpp"

namespace simulator {

// Why a call does not pass.
struct denial {
    std::string why;
    bool over = false;  // the token or the temporary pair expired or was revoked: nobody's mistake
};

// An access key that signed calls which passed.
struct use {
    std::string access_key;
    unsigned long calls = 0;
    std::chrono::system_clock::time_point last;
};

class gate {
public:
    using time = std::chrono::system_clock::time_point;

    explicit gate(const seed& from) : keys_(from), echo_canonical_request_(from.echo_canonical_request) {}

    // Who signed the call or holds its X-Auth-Token. More than five refusals in a row lock a key for five minutes, also
    // for correct calls; what is over counts for nothing. Thread-safe, as all of this class.
    [[nodiscard]] std::variant<caller, denial> identify(const call& what, time now);
    // The same, with the refusal as the answer that the cloud gives.
    [[nodiscard]] std::variant<caller, answer> pass(const call& what, time now);
    [[nodiscard]] static answer refusal(const denial& of, const std::string& request_id);

    [[nodiscard]] keyring& keys() { return keys_; }
    [[nodiscard]] unsigned long refused() const;
    [[nodiscard]] std::vector<use> uses() const;

    // The canonical request for these signed names (public for its test against the vendor's vectors).
    [[nodiscard]] static std::string canonical_request(const call& what, const std::string& signed_names);

private:
    struct history {
        unsigned failures = 0;
        time locked_until;
    };
    // `ak` becomes the access key that the call names, empty when it names none.
    [[nodiscard]] std::variant<caller, denial> check(const call& what, std::string& ak, time now) const;
    [[nodiscard]] std::variant<caller, denial> check_token(const std::string& given, time now) const;
    void note_use(const std::string& ak, time now);

    keyring keys_;
    bool echo_canonical_request_;
    mutable std::mutex lock_;
    std::unordered_map<std::string, history> histories_;  // of keys whose last call was refused
    std::unordered_map<std::string, use> uses_;
    unsigned long refused_ = 0;
};

}  // namespace simulator
