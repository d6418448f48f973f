#pragma once
// What the cloud's answer to a change means: began, surely did nothing, or neither is certain. Pure; the table is data.
// Source: ECS API reference, "Error Codes", "Common Request Return Values", "Changing the Specifications of an ECS". It
// warns that status and code are not strictly paired, so whatever the table does not list is uncertain.

#include <string_view>

#include "gateway/ledger/change.hpp"

namespace gateway::ledger {

// What of a whole answer matters here.
struct answer_view {
    int status = 0;
    std::string_view code;  // "Ecs.0100"; empty where the body has none
    bool has_job_id = false;
    bool has_order_id = false;
};

// accepted, awaiting_payment, refused or unknown.
[[nodiscard]] state find_meaning(const answer_view& answer) noexcept;

}  // namespace gateway::ledger
