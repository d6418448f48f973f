#pragma once
// The ledger in a file of SQLite, or in memory.
//
// Debian 12's SQLite (3.40) can corrupt a file when a checkpoint meets another connection's commit (fixed in 3.51.3).
// So only the gateway that owns the file checkpoints, under the write lock, and nobody else ever does: not by itself
// after a commit, not at closing. Source: https://sqlite.org/wal.html, https://sqlite.org/releaselog/

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gateway/ledger/store.hpp"

namespace gateway::ledger {

struct sqlite_options {
    enum class access : std::uint8_t {
        owner,   // the gateway: one at a time; creates the file, brings its tables up to date, checkpoints
        writer,  // a command that freezes or resolves beside a gateway
        reader,
    };
    std::string file{};  // empty: in memory, for this object alone
    access how = access::owner;
    // How long to wait for another process's transaction; at most half of what a change may wait for the ledger.
    std::chrono::milliseconds busy_timeout{1000};
    std::string process{};  // stands in the changes that it records: recover() leaves those alone
};

// Not open yet.
[[nodiscard]] std::unique_ptr<store> make_sqlite_store(sqlite_options options);

// Who owns the ledger in that file just now: "process 4711".
[[nodiscard]] std::optional<std::string> find_file_owner(const std::string& file);

}  // namespace gateway::ledger
