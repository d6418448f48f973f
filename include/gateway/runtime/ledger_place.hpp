#pragma once
// Where the configuration puts the ledger, as the stores want it.

#include "gateway/config/settings.hpp"
#include "gateway/ledger/postgresql_store.hpp"

namespace gateway::runtime {

// Of a configuration that has `ledger.postgresql`. The connection string is read anew for each connection, so that a
// new password needs no restart.
[[nodiscard]] ledger::postgresql_options postgresql_of(const config::settings& settings,
                                                       ledger::postgresql_options::access mode);

}  // namespace gateway::runtime
