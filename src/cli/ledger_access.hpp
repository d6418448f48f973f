#pragma once
// The ledger that a configuration names, opened for a command beside a gateway that may be using it.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "command.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/ledger/sqlite_store.hpp"
#include "gateway/ledger/store.hpp"

namespace gateway::cli {

// What every command of the ledger takes.
struct ledger_command {
    std::string config;
    bool as_json = false;
    void add_to(po::options_description& known);
};

using ledger_access = ledger::sqlite_options::access;

// The path of the ledger's file. Throws `gave_up` where the configuration names another place.
[[nodiscard]] std::string ledger_file(const config::settings& settings);

// Of commands alone; a gateway's own for `owner`.
[[nodiscard]] std::unique_ptr<ledger::store> make_store(const config::settings& settings, ledger_access access);

struct open_ledger {
    std::string file;  // empty where it is in PostgreSQL
    std::unique_ptr<ledger::store> store;
};

// Whether a gateway may be using it just now.
[[nodiscard]] bool may_have_gateway(const open_ledger& opened);

// Says on `err` which ledger it is, and whether a gateway runs with it.
void announce_file(const std::string& file, const streams& io);

// Opens it, and announces it. Never creates one. Throws `gave_up`.
[[nodiscard]] open_ledger open_for_command(const config::settings& settings, ledger_access access, const streams& io);

// Why it can't be had, and what to do.
[[noreturn]] void give_up(const ledger::unavailable& cause);

// What a store answered. Throws `gave_up` where it could not.
template <class T>
[[nodiscard]] T value_of(ledger::outcome<T> answer) {
    if (!answer) give_up(answer.error());
    return std::move(*answer);
}

// With its history. Throws `gave_up` where there is none.
[[nodiscard]] ledger::change find_change(ledger::store& store, const std::string& id);

[[nodiscard]] ledger::instant current_time();

}  // namespace gateway::cli
