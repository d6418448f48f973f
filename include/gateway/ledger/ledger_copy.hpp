#pragma once
// How a gateway that becomes several takes its ledger along: from its file into PostgreSQL.

#include <cstddef>
#include <functional>
#include <string>

#include "gateway/ledger/postgresql_store.hpp"
#include "gateway/ledger/writes.hpp"

namespace gateway::ledger {

// Changes that were copied, of how many.
using copy_progress = std::function<void(std::size_t done, std::size_t total)>;

// Copies the ledger in that file into an empty one in PostgreSQL, whose tables it makes where there are none: in one
// transaction, so all of it or nothing. Owns the file meanwhile, as a gateway does that starts with it: what the last
// one left in `sending` becomes `unknown` first; a command that would write to it finds it held. The number of changes;
// else why not.
[[nodiscard]] outcome<std::size_t> copy_into_postgresql(const std::string& file, postgresql_options target,
                                                        const copy_progress& progress);

}  // namespace gateway::ledger
