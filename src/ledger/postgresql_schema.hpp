#pragma once
// The tables of a ledger in PostgreSQL, and how an older one becomes today's.
//
// A migration only adds, so that replicas of the previous minor version go on with it. It locks the row of `ledger`
// before it alters a table, as whoever writes does: else each would wait for the other. The table `ledger` has the
// version of the tables and the oldest version of this number that may still use them.

#include <cstdint>
#include <optional>

#include "gateway/ledger/records.hpp"
#include "postgresql_connection.hpp"

namespace gateway::ledger {

inline constexpr std::int64_t postgresql_schema_version = 1;

// Why this program may not use what it has connected to, or nothing. Makes and migrates tables where it `may_migrate`;
// any number of processes may do so at once. Throws postgresql_error.
[[nodiscard]] std::optional<unavailable> prepare_schema(postgresql_connection& db, bool may_migrate);

}  // namespace gateway::ledger
