#pragma once
// The ledger in a file of SQLite, or in memory.
//
// Debian 12's SQLite (3.40) can corrupt a file when a checkpoint meets another connection's commit (fixed in 3.51.3).
// So only the gateway that owns the file checkpoints, under the write lock, and nobody else ever does: not by itself
// after a commit, not at closing. Source: https://sqlite.org/wal.html, https://sqlite.org/releaselog/

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/ledger/store.hpp"

namespace gateway::ledger {

struct sqlite_options {
    enum class access : std::uint8_t {
        owner,   // the gateway: one at a time; creates the file, brings its tables up to date, checkpoints
        writer,  // a command that freezes or resolves beside a gateway
        reader,
    };
    std::string file{};  // empty: in memory, for this object alone
    access mode = access::owner;
    // How long to wait for another process's transaction; at most half of what a change may wait for the ledger.
    std::chrono::milliseconds busy_timeout{1000};
    // Stands in the changes that it records, which `recover` leaves alone. Empty: a random one, as it has to be, since
    // the kernel gives the number of a process again.
    std::string process{};
};

// Not open yet.
[[nodiscard]] std::unique_ptr<store> make_sqlite_store(sqlite_options options);

// Why a gateway that starts now could not use that file, and waiting would not mend it; or nothing. Makes and changes
// nothing: where there is no file yet, it looks whether one could be made.
[[nodiscard]] std::optional<unavailable> try_file(const std::string& file);

// Pages that were copied, of how many.
using backup_progress = std::function<void(std::size_t done, std::size_t total)>;
// Copies the ledger in that file, as it is at one moment, into a new file (mode 0600), beside a gateway that goes on
// using it; what the gateway writes meanwhile stays in the log beside the file until the copy is made. Durable when it
// returns. Else why not, and no copy is left unless that says so.
[[nodiscard]] std::optional<unavailable> back_up_file(const std::string& file, const std::string& copy,
                                                      const backup_progress& progress);

// "3.40.1"
[[nodiscard]] std::string_view sqlite_version() noexcept;

// Who owns the ledger in that file just now: "process 4711".
[[nodiscard]] std::optional<std::string> find_file_owner(const std::string& file);

}  // namespace gateway::ledger
