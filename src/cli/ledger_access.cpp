#include "ledger_access.hpp"

#include <chrono>
#include <ostream>

#include "gateway/runtime/ledger_place.hpp"

namespace gateway::cli {

namespace {

// For another process's transaction: a gateway's take some milliseconds.
constexpr auto patience = std::chrono::seconds(2);

std::string_view advice(ledger::trouble kind) {
    switch (kind) {
        case ledger::trouble::held:
            return "try again in a moment; where it stays so, find the process that is stopped in its transaction "
                   "(fuser names those that have the file open) and end it";
        case ledger::trouble::not_there:
            return "a gateway makes it when it first starts with this configuration";
        case ledger::trouble::not_writable:
            return "run this as the gateway's user, such as with: sudo -u ecs-gateway ecs-gateway …";
        case ledger::trouble::full:
            return "make room on its disk";
        case ledger::trouble::corrupt:
            return "stop the gateway, keep the file, and put the last backup in its place";
        case ledger::trouble::not_a_ledger:
            return "name the ledger's own file under ledger.file";
        case ledger::trouble::failing:
            return "look at the disk (dmesg, smartctl)";
        default:  // the cause says it itself
            return {};
    }
}

}  // namespace

void give_up(const ledger::unavailable& cause) {
    const std::string_view next = advice(cause.kind);
    throw gave_up(shown(cause.reason) + (next.empty() ? "" : "; ") + std::string(next));
}

void ledger_command::add_to(po::options_description& known) {
    known.add_options()("config", po::value(&config)->required()->value_name("FILE"),
                        "the configuration, gateway.yaml")("json", po::bool_switch(&as_json), "print JSON");
}

std::string ledger_file(const config::settings& settings) {
    if (settings.ledger.memory)
        throw gave_up(
            "the configuration says ledger: {memory: true}: changes are in the gateway's own memory, where no command "
            "sees them; its status page and list_changes do");
    if (settings.ledger.postgresql)
        throw gave_up(
            "the ledger is in PostgreSQL, which has its own tools: pg_dump makes a backup beside running "
            "gateways");
    return settings.ledger.file;
}

std::unique_ptr<ledger::store> make_store(const config::settings& settings, ledger_access access) {
    using postgresql_access = ledger::postgresql_options::access;
    if (!settings.ledger.postgresql)
        return ledger::make_sqlite_store({.file = ledger_file(settings), .mode = access, .busy_timeout = patience});
    const auto mode = access == ledger_access::owner    ? postgresql_access::migrator
                      : access == ledger_access::writer ? postgresql_access::writer
                                                        : postgresql_access::reader;
    return ledger::make_postgresql_store(runtime::postgresql_of(settings, mode));
}

bool may_have_gateway(const open_ledger& opened) {
    return opened.file.empty() || ledger::find_file_owner(opened.file).has_value();
}

void announce_file(const std::string& file, const streams& io) {
    const auto owner = ledger::find_file_owner(file);
    io.err << "ledger in file " << shown(file) << ", " << (owner ? "held by " + *owner : "which no gateway holds")
           << '\n';
}

open_ledger open_for_command(const config::settings& settings, ledger_access access, const streams& io) {
    open_ledger opened{settings.ledger.postgresql ? std::string() : ledger_file(settings), nullptr};
    opened.store = make_store(settings, access);
    if (const auto cause = opened.store->open()) give_up(*cause);
    if (opened.file.empty())
        io.err << "ledger in " << shown(opened.store->describe()) << '\n';
    else if (access != ledger_access::owner)
        announce_file(opened.file, io);
    return opened;
}

ledger::change find_change(ledger::store& store, const std::string& id) {
    auto found = value_of(store.find(id, current_time()));
    if (!found)
        throw gave_up("the ledger has no change " + shown(id) +
                      "; those it has: ecs-gateway changes list --config FILE");
    return std::move(*found);
}

ledger::instant current_time() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace gateway::cli
