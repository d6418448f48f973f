#pragma once
// Who does something to the ledger, and why: both are kept.

#include <string>

namespace gateway::cli {

// The user who runs this command; where that is root by sudo, who became it.
[[nodiscard]] std::string operator_name();

// Throws `misused` for a reason that says nothing, or too much.
void check_reason(const std::string& reason);

}  // namespace gateway::cli
