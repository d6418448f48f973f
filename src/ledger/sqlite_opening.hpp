#pragma once
// A connection to a ledger in SQLite as each of them has to be: see gateway/ledger/sqlite_store.hpp.

#include "gateway/ledger/sqlite_store.hpp"
#include "sqlite_connection.hpp"

namespace gateway::ledger {

// Throws sqlite_error, also where the file can't be written to: a reader writes the index of the log beside it.
[[nodiscard]] connection open_connection(const sqlite_options& options);

}  // namespace gateway::ledger
