#pragma once
// The API gateway in front of the cloud: who signed a request? With code of its own, written after the vendor's "API
// Request Signing Guide", the plain way: clear before fast, and nothing of the gateway's `signing`.
// Answers as the cloud does: reference of codes APIGW.0301, 401.

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <variant>

#include "call.hpp"
#include "seed.hpp"

namespace simulator {

class gate {
public:
    explicit gate(const seed& from)
        : keys_(from.keys), tokens_(from.tokens), echo_canonical_request_(from.echo_canonical_request) {}

    // Who signed the call or holds its X-Auth-Token, or the refusal. More than five refusals in a row lock a key for
    // five minutes, also for correct calls. Thread-safe.
    [[nodiscard]] std::variant<caller, answer> pass(const call& what, std::chrono::system_clock::time_point now);

    // The canonical request for these signed names (public for its test against the vendor's vectors).
    [[nodiscard]] static std::string canonical_request(const call& what, const std::string& signed_names);

private:
    struct history {
        unsigned failures = 0;
        std::chrono::system_clock::time_point locked_until;
    };
    // Who it is, or what is wrong. `ak` becomes the access key that the call names, empty when it names none.
    [[nodiscard]] std::variant<caller, std::string> check(const call& what, std::string& ak,
                                                          std::chrono::system_clock::time_point now) const;
    [[nodiscard]] std::variant<caller, std::string> check_token(const std::string& given) const;

    std::map<std::string, access_key> keys_;
    std::map<std::string, token> tokens_;
    bool echo_canonical_request_;
    std::mutex lock_;
    std::map<std::string, history> histories_;
};

}  // namespace simulator
