#pragma once
// The fields of a request that authenticate its sender.

#include <span>
#include <string_view>

#include "gateway/base/field.hpp"

namespace gateway::callers {

struct proof_fields {
    const field* authorization = nullptr;
    const field* api_key = nullptr;
    const field* auth_token = nullptr;
    const field* date = nullptr;
    const field* payload = nullptr;
    bool repeated = false;  // one of them occurs twice

    [[nodiscard]] int proofs() const noexcept {
        return (authorization != nullptr ? 1 : 0) + (api_key != nullptr ? 1 : 0) + (auth_token != nullptr ? 1 : 0);
    }
};

[[nodiscard]] proof_fields pick_proof_fields(std::span<const field> fields) noexcept;

[[nodiscard]] bool is_bearer(std::string_view authorization) noexcept;
// The key of "Bearer KEY"; empty where there is none.
[[nodiscard]] std::string_view bearer_key(std::string_view authorization) noexcept;

// The access key that an Authorization header names, also one of another scheme or form ("Access=KEY, …",
// "Credential=KEY/20260101/…"): for the operator, who has to find out whose tool it is. Empty where there is none; any
// bytes, and it may be a secret in the wrong place. Never of a bearer token, which is a secret.
[[nodiscard]] std::string_view access_key_as_tried(std::string_view authorization) noexcept;

}  // namespace gateway::callers
