#include "gateway/ledger/gateway_ledger.hpp"

#include <utility>

#include "gateway/ledger/sqlite_store.hpp"

namespace gateway::ledger {

gateway_ledger::gateway_ledger(ledger_options options) {
    database_options writing;
    writing.timeout = options.timeout;
    writing.recovers = true;
    writing.keep = options.keep;
    writing.on_first_open = [this, file = options.file, timeout = options.timeout,
                             on_first_open =
                                 std::move(options.on_first_open)](std::vector<std::string> recovered) mutable {
        if (!file.empty()) start_reader(file, timeout);
        on_first_open(std::move(recovered));
    };
    // Half of it: a command in its transaction must not make a commit late by itself.
    writer_ = std::make_unique<database_thread>(
        make_sqlite_store({.file = options.file, .busy_timeout = options.timeout / 2}), std::move(writing));
}

database_thread& gateway_ledger::reader() noexcept {
    database_thread* const reader = reader_.load();
    return reader != nullptr ? *reader : *writer_;
}

void gateway_ledger::start_reader(const std::string& file, std::chrono::milliseconds timeout) {
    database_options reading;
    reading.timeout = timeout;
    reading.logs_trouble = false;  // the writer meets the same, and says it
    owned_reader_ = std::make_unique<database_thread>(
        make_sqlite_store({.file = file, .mode = sqlite_options::access::reader, .busy_timeout = timeout / 2}),
        std::move(reading));
    reader_.store(owned_reader_.get());
}

}  // namespace gateway::ledger
