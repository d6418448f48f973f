#include "gateway/ledger/gateway_ledger.hpp"

#include <utility>

#include "gateway/ledger/sqlite_store.hpp"

namespace gateway::ledger {

namespace {

std::unique_ptr<store> make_writer(const ledger_options& options) {
    if (options.postgresql) return make_postgresql_store(*options.postgresql);
    // Half of it: a command in its transaction must not make a commit late by itself.
    return make_sqlite_store({.file = options.file, .busy_timeout = options.timeout / 2});
}

// Nothing where the writer has to do both.
std::unique_ptr<store> make_reader(const std::string& file, std::optional<postgresql_options> postgresql,
                                   std::chrono::milliseconds timeout) {
    if (postgresql) {
        postgresql->mode = postgresql_options::access::reader;
        return make_postgresql_store(std::move(*postgresql));
    }
    if (file.empty()) return nullptr;
    return make_sqlite_store({.file = file, .mode = sqlite_options::access::reader, .busy_timeout = timeout / 2});
}

}  // namespace

gateway_ledger::gateway_ledger(ledger_options options) {
    database_options writing;
    writing.timeout = options.timeout;
    writing.recovers = true;
    writing.keep = options.keep;
    auto writer = make_writer(options);
    writing.on_first_open = [this, file = options.file, postgresql = options.postgresql, timeout = options.timeout,
                             on_first_open =
                                 std::move(options.on_first_open)](std::vector<std::string> recovered) mutable {
        if (auto reader = make_reader(file, std::move(postgresql), timeout)) start_reader(std::move(reader), timeout);
        on_first_open(std::move(recovered));
    };
    writer_ = std::make_unique<database_thread>(std::move(writer), std::move(writing));
}

database_thread& gateway_ledger::reader() noexcept {
    database_thread* const reader = reader_.load();
    return reader != nullptr ? *reader : *writer_;
}

void gateway_ledger::start_reader(std::unique_ptr<store> store, std::chrono::milliseconds timeout) {
    database_options reading;
    reading.timeout = timeout;
    reading.logs_trouble = false;  // the writer meets the same, and says it
    owned_reader_ = std::make_unique<database_thread>(std::move(store), std::move(reading));
    reader_.store(owned_reader_.get());
}

}  // namespace gateway::ledger
