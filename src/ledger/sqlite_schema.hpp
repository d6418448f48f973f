#pragma once
// The tables of a ledger in SQLite, and how an older one becomes today's.
//
// A migration only adds, so that the previous minor version goes on running with the file. user_version is the schema's
// version; the table `ledger` has the oldest version of this number that may still use the file.

#include <cstdint>
#include <optional>

#include "gateway/ledger/records.hpp"
#include "sqlite_connection.hpp"

namespace gateway::ledger {

inline constexpr std::int64_t schema_version = 1;
inline constexpr std::int64_t application_id = 0x45435347;  // "ECSG", in the file's header

// Why this program may not use what is open, or nothing. Where it `may_migrate`, an older version or an empty file is
// no reason. The text names no file. Throws sqlite_error.
[[nodiscard]] std::optional<unavailable> check_schema(connection& db, bool may_migrate);
// Makes or migrates the tables, in one transaction. Throws sqlite_error.
void bring_up_to_date(connection& db);

}  // namespace gateway::ledger
