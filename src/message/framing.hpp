#pragma once
// The rules that a head must keep beyond the grammar of its lines. Each function is one list of rules.

#include "gateway/message/head.hpp"

namespace gateway::message {

// Fill in path, query, expects_continue and framing.
[[nodiscard]] std::optional<problem> check_request(request_head& head) noexcept;
[[nodiscard]] std::optional<problem> check_response(response_head& head) noexcept;

}  // namespace gateway::message
