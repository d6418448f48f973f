#pragma once
// The ledger of a running gateway: the thread that writes, and for a file a second one that reads, so that a list never
// holds up a commit.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ledger/completion.hpp"
#include "gateway/ledger/database_thread.hpp"
#include "gateway/ledger/postgresql_store.hpp"

namespace gateway::ledger {

struct ledger_options {
    std::string file{};  // absolute; empty: in memory, or in PostgreSQL
    std::optional<postgresql_options> postgresql{};
    std::chrono::milliseconds timeout{2000};  // timeouts.ledger
    std::chrono::seconds keep{};
    completion<std::vector<std::string>> on_first_open{};  // database_options
};

class gateway_ledger {
public:
    // Opens it on its thread: status() says how that went, and database_thread tries again.
    explicit gateway_ledger(ledger_options options);

    // For writes.
    [[nodiscard]] database_thread& writer() noexcept { return *writer_; }
    // For reads. The writer until the ledger was opened, so that both say the same of one that can't be.
    [[nodiscard]] database_thread& reader() noexcept;

private:
    void start_reader(std::unique_ptr<store> store, std::chrono::milliseconds timeout);

    std::atomic<database_thread*> reader_{nullptr};
    // The writer's thread makes the reader, so it ends first.
    std::unique_ptr<database_thread> owned_reader_;
    std::unique_ptr<database_thread> writer_;
};

}  // namespace gateway::ledger
