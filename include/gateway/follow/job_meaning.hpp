#pragma once
// What the status of its job makes of an accepted change. Source: ECS API reference, "Querying the Task Execution
// Status".

#include <optional>
#include <string_view>

#include "gateway/ledger/change.hpp"

namespace gateway::follow {

// Nothing while it runs, or for a status that is not known.
[[nodiscard]] constexpr std::optional<ledger::state> meaning_of_job(std::string_view status) noexcept {
    if (status == "SUCCESS") return ledger::state::succeeded;
    if (status == "FAIL") return ledger::state::failed;
    if (status == "PENDING_PAYMENT") return ledger::state::awaiting_payment;
    return std::nullopt;
}

}  // namespace gateway::follow
