#pragma once
// Times on the command line.

#include <string>
#include <string_view>

#include "gateway/ledger/change.hpp"

namespace gateway::cli {

// 2026-11-23T10:00:00Z, 2026-11-23 (its first moment in UTC), or a span back from now: 90m, 24h, 7d. Throws `misused`,
// which names the option.
[[nodiscard]] ledger::instant read_past_time(std::string_view option, const std::string& text, ledger::instant now);
// The same with a span from now on; the time must not be over.
[[nodiscard]] ledger::instant read_future_time(std::string_view option, const std::string& text, ledger::instant now);

// 2026-11-23T10:00:00Z
[[nodiscard]] std::string write_time(ledger::instant time);
// For people: 12s, 5m, 3h, 2d.
[[nodiscard]] std::string write_age(std::chrono::microseconds age);

}  // namespace gateway::cli
