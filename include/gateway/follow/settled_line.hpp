#pragma once
// The line of the outcome log for a change that ended after its caller was answered: docs/outcomes.md.

#include <string>

#include "gateway/ledger/records.hpp"

namespace gateway::follow {

// One JSON object and a line end; keys without a value are absent.
[[nodiscard]] std::string write_settled_line(const ledger::change& change);

}  // namespace gateway::follow
