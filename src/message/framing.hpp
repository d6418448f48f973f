#pragma once
// The rules that a head must keep beyond the grammar that Beast checks. Each function is one list of rules.

#include "gateway/message/head.hpp"

namespace gateway::message {

// Before the grammar: what no byte of a head may be.
[[nodiscard]] std::optional<problem> check_bytes(std::string_view head) noexcept;

// After the grammar. Fill in path, query, expects_continue and framing.
[[nodiscard]] std::optional<problem> check_request(request_head& head) noexcept;
[[nodiscard]] std::optional<problem> check_response(response_head& head) noexcept;

}  // namespace gateway::message
