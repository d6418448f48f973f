#pragma once
// Writes that concern no single change, each within the caller's transaction; and the rows of replicas.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ledger/writes.hpp"
#include "postgresql_connection.hpp"

namespace gateway::ledger {

// `time`: of the claim; nothing = the database's clock.
[[nodiscard]] std::vector<claimed> apply(postgresql_connection& db, const writes::claim& write,
                                         std::optional<instant> time);
[[nodiscard]] bool apply(postgresql_connection& db, const writes::add_freeze& write);
[[nodiscard]] bool apply(postgresql_connection& db, const writes::unfreeze& write);
[[nodiscard]] std::size_t apply(postgresql_connection& db, const writes::forget& write);

[[nodiscard]] std::vector<freeze> standing_freezes(postgresql_connection& db, instant now);
[[nodiscard]] std::optional<instant> find_next_due(postgresql_connection& db);

// Changes in `sending` of other processes that were silent for so long, or have said that they end.
[[nodiscard]] std::vector<std::string> find_abandoned(postgresql_connection& db, const std::string& process,
                                                      std::chrono::milliseconds silence);
void say_alive(postgresql_connection& db, const std::string& process, std::chrono::milliseconds timeout);

}  // namespace gateway::ledger
