// Freezes: who sets one waits until nothing that was recorded before it is on its way any more.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <random>
#include <thread>

#include "change_output.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/ledger/change_json.hpp"
#include "gateway/operations/match.hpp"
#include "ledger_access.hpp"
#include "operator_note.hpp"
#include "progress.hpp"
#include "settings_file.hpp"
#include "time_option.hpp"

namespace gateway::cli {

namespace {

constexpr auto poll_pause = std::chrono::milliseconds(100);

template <class Named>
void check_name(std::string_view option, const std::string& wanted, const std::vector<Named>& all) {
    if (wanted.empty()) return;
    std::string names;
    for (const Named& each : all) {
        if (each.name == wanted) return;
        names.append(names.empty() ? "" : ", ").append(shown(each.name));
    }
    throw gave_up("the configuration has no " + std::string(option) + " " + shown(wanted) + "; it has " +
                  (names.empty() ? "none" : names));
}

// Left out: resizes.
void check_operations(std::vector<std::string>& names) {
    if (names.empty()) names.emplace_back("resize");
    for (const std::string& each : names) {
        const operations::operation* const found = operations::find(each);
        if (found == nullptr || !found->changes_something)
            throw misused("--operation " + shown(each) + " is none that changes something; expected resize");
    }
}

void check_scope(ledger::freeze_scope& scope, const config::settings& settings) {
    check_name("account", scope.account, settings.accounts);
    check_name("caller", scope.caller, settings.callers);
    if (!scope.server_id.empty() && !operations::is_server_id(scope.server_id))
        throw misused("--server " + shown(scope.server_id) + " is no server id as the cloud spells it");
    check_operations(scope.operations);
}

// Short enough to be typed; one that is taken is no freeze (add_freeze).
std::string make_freeze_id() {
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(std::random_device()()));
    return text.data();
}

ledger::freeze set_freeze(ledger::store& store, ledger::freeze wanted) {
    do {
        wanted.id = make_freeze_id();
    } while (!value_of(ledger::commit_one(store, ledger::writes::add_freeze{wanted})));
    return wanted;
}

// Changes that the freeze would stop and that are on their way: no new one comes once it stands.
std::size_t count_sending(ledger::store& store, const ledger::freeze& freeze) {
    ledger::list_filter filter{.current = ledger::state::sending, .limit = 200};
    std::size_t count = 0;
    do {
        auto page = value_of(store.list(filter, freeze.since));
        count += static_cast<std::size_t>(
            std::count_if(page.changes.begin(), page.changes.end(),
                          [&](const ledger::change& each) { return stops(freeze, each.request, freeze.since); }));
        filter.marker = std::move(page.next_marker);
    } while (!filter.marker.empty());
    return count;
}

struct earlier_changes {
    std::size_t before = 0, left = 0;
    bool has_gateway = false;
};

earlier_changes wait_until_sent(const open_ledger& opened, const ledger::freeze& freeze,
                                std::chrono::milliseconds patience, const streams& io) {
    progress waiting(io);
    const auto end = std::chrono::steady_clock::now() + patience;
    earlier_changes found;
    found.before = found.left = count_sending(*opened.store, freeze);
    for (;;) {
        found.has_gateway = may_have_gateway(opened);
        if (found.left == 0 || !found.has_gateway || std::chrono::steady_clock::now() >= end) return found;
        waiting.show("waiting for " + count_of(found.left, "change") + " that were recorded before");
        std::this_thread::sleep_for(poll_pause);
        found.left = count_sending(*opened.store, freeze);
    }
}

// As long as a change may stay `sending`.
std::chrono::milliseconds longest_sending(const config::timeouts& timeouts) {
    return timeouts.upstream_connect + timeouts.upstream_response + 2 * timeouts.ledger;
}

void print_frozen(const ledger::freeze& freeze, const earlier_changes& earlier, std::ostream& out) {
    out << "frozen: " << describe_scope(freeze.scope);
    if (freeze.until) out << ", until " << write_time(*freeze.until);
    out << "\nlift it with: ecs-gateway unfreeze " << freeze.id << " --config FILE\n";
    const std::size_t settled = earlier.before - earlier.left;
    out << count_of(settled, "change") << " recorded before " << (settled == 1 ? "has" : "have")
        << " been sent or given up meanwhile\n";
}

}  // namespace

int freeze_changes(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    ledger::freeze wanted;
    std::string until;
    po::options_description known("Options");
    asked.add_to(known);
    // clang-format off
    known.add_options()
        ("account", po::value(&wanted.scope.account)->value_name("A"), "only its changes")
        ("caller", po::value(&wanted.scope.caller)->value_name("C"), "only its changes")
        ("server", po::value(&wanted.scope.server_id)->value_name("ID"), "only its changes")
        ("operation", po::value(&wanted.scope.operations)->value_name("O"), "may be repeated; resize where left out")
        ("reason", po::value(&wanted.reason)->required()->value_name("TEXT"), "told to callers, and kept")
        ("until", po::value(&until)->value_name("T"), "when it ends: a time, or a span such as 2h; else by unfreeze");
    // clang-format on
    if (!read_options(self, known, words, io)) return done;
    check_reason(wanted.reason);
    wanted.since = current_time();
    if (!until.empty()) wanted.until = read_future_time("until", until, wanted.since);
    const config::settings settings = load_settings(asked.config, io);
    check_scope(wanted.scope, settings);

    const auto opened = open_for_command(settings, ledger_access::writer, io);
    wanted.author = operator_name();
    const ledger::freeze set = set_freeze(*opened.store, std::move(wanted));
    const auto earlier = wait_until_sent(opened, set, longest_sending(settings.timeouts), io);
    if (asked.as_json) {
        std::string text = R"({"freeze":)";
        append_json(text, set);
        io.out << text << R"(,"recorded_before":)" << earlier.before << R"(,"left":)" << earlier.left << "}\n";
    } else {
        print_frozen(set, earlier, io.out);
    }
    if (earlier.left == 0) return done;
    if (!earlier.has_gateway) {
        io.err << count_of(earlier.left, "change") << " of a gateway that is gone "
               << (earlier.left == 1 ? "is" : "are") << " left in sending; the next start makes them unknown\n";
        return done;
    }
    io.err << "the freeze stands, but " << count_of(earlier.left, "change")
           << " recorded before may still be on the way: ecs-gateway changes list --state sending --config FILE\n";
    return failed;
}

int unfreeze_changes(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    std::string id;
    po::options_description known("Options");
    asked.add_to(known);
    if (!read_options(self, known, words, io, {"ID", &id})) return done;
    const auto opened = open_for_command(load_settings(asked.config, io), ledger_access::writer, io);
    const bool stood =
        value_of(ledger::commit_one(*opened.store, ledger::writes::unfreeze{id, operator_name(), current_time()}));
    if (!stood) throw gave_up("no freeze " + shown(id) + " stands; those that do: ecs-gateway freezes --config FILE");
    if (asked.as_json)
        io.out << R"({"unfrozen":)" << json_string(id) << "}\n";
    else
        io.out << "lifted freeze " << shown(id) << '\n';
    return done;
}

int list_freezes(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    po::options_description known("Options");
    asked.add_to(known);
    if (!read_options(self, known, words, io)) return done;
    const auto opened = open_for_command(load_settings(asked.config, io), ledger_access::reader, io);
    const auto freezes = value_of(opened.store->freezes(current_time()));
    if (!asked.as_json) {
        print_freezes(io.out, freezes);
        return done;
    }
    std::string text = R"({"freezes":[)";
    for (const ledger::freeze& each : freezes) {
        if (&each != freezes.data()) text += ',';
        append_json(text, each);
    }
    io.out << text << "]}\n";
    return done;
}

}  // namespace gateway::cli
