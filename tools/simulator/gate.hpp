#pragma once
// The API gateway in front of the cloud: who signed a request? With code of its own, written after the vendor's "API
// Request Signing Guide", the plain way: clear before fast, and nothing of the gateway's `signing`.
// Answers as the cloud does: reference of codes APIGW.0301, 401.

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "call.hpp"
#include "seed.hpp"

namespace simulator {

class gate {
public:
    explicit gate(const std::map<std::string, access_key>& keys) : keys_(keys) {}

    // The account whose key signed the call, or the refusal. More than five refusals in a row lock a key for five
    // minutes, also for correct calls. Thread-safe.
    [[nodiscard]] std::variant<std::string, answer> pass(const call& what, std::chrono::system_clock::time_point now);

    // The canonical request for these signed names (public for its test against the vendor's vectors).
    [[nodiscard]] static std::string canonical_request(const call& what, const std::string& signed_names);

private:
    struct history {
        unsigned failures = 0;
        std::chrono::system_clock::time_point locked_until;
    };
    struct verdict {
        bool passed;
        std::string text;  // the account, or what is wrong
    };
    [[nodiscard]] verdict check(const call& what, std::string& ak, std::chrono::system_clock::time_point now);

    const std::map<std::string, access_key>& keys_;
    std::mutex lock_;
    std::map<std::string, history> histories_;
};

}  // namespace simulator
