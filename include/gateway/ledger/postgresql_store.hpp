#pragma once
// The ledger in a database of PostgreSQL, which replicas of a gateway share. A pool of connections in transaction mode
// may stand between: nothing of a session is kept.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/base/secret_text.hpp"
#include "gateway/ledger/store.hpp"

namespace gateway::ledger {

struct postgresql_options {
    enum class access : std::uint8_t {
        replica,   // a gateway: makes and migrates the tables, says by a heartbeat that it lives
        migrator,  // a command that makes and migrates the tables
        writer,    // a command that freezes or resolves
        reader,
    };
    // libpq's connection string or URI, read anew for each connection. Throws std::exception where it can't be had.
    std::function<secret_text()> connection{};
    access mode = access::replica;
    std::chrono::milliseconds timeout{2000};  // for connecting, and for each round trip
    // A replica that was not heard of for so long sends nothing more: longer than every deadline of a call.
    std::chrono::milliseconds silence{std::chrono::minutes(5)};
    // Leases end by the database's clock; else by the callers', as tests need it.
    bool leases_by_database_clock = true;
    // Stands in the changes that it records. Empty: a random one.
    std::string process{};
};

// Not open yet.
[[nodiscard]] std::unique_ptr<store> make_postgresql_store(postgresql_options options);

// Why a gateway that starts now could not use that database, and waiting would not mend it; or nothing. Makes and
// changes nothing.
[[nodiscard]] std::optional<unavailable> try_postgresql(postgresql_options options);

}  // namespace gateway::ledger
