#include <algorithm>
#include <ostream>

#include "change_output.hpp"
#include "gateway/ledger/change_json.hpp"
#include "ledger_access.hpp"
#include "settings_file.hpp"
#include "time_option.hpp"

namespace gateway::cli {

namespace {

constexpr std::size_t max_listed = 10'000;  // all are in memory, for the widths of the columns; more: changes export

std::string json_of(const ledger::change_page& page) {
    std::string text;
    append_json(text, page);
    return text;
}

ledger::state read_state_option(const std::string& text) {
    if (const auto found = ledger::read_state(text)) return *found;
    std::string all;
    for (const ledger::state each : ledger::all_states)
        all.append(all.empty() ? "" : ", ").append(name(each));
    throw misused("--state " + shown(text) + " is none; expected one of " + all);
}

ledger::change_page read_newest(ledger::store& from, ledger::list_filter filter, std::size_t limit,
                                ledger::instant now) {
    ledger::change_page found;
    do {
        filter.limit = std::min<std::size_t>(limit - found.changes.size(), 200);
        auto page = value_of(from.list(filter, now));
        found.changes.insert(found.changes.end(), std::make_move_iterator(page.changes.begin()),
                             std::make_move_iterator(page.changes.end()));
        filter.marker = std::move(page.next_marker);
    } while (!filter.marker.empty() && found.changes.size() < limit);
    return found;
}

}  // namespace

int list_changes(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    ledger::list_filter filter;
    std::string state, since;
    std::size_t limit = 0;
    po::options_description known("Options");
    asked.add_to(known);
    // clang-format off
    known.add_options()
        ("state", po::value(&state)->value_name("S"), "only those in it, such as unknown")
        ("account", po::value(&filter.account)->value_name("A"), "only those of it")
        ("server", po::value(&filter.server_id)->value_name("ID"), "only those of it")
        ("since", po::value(&since)->value_name("T"), "only those that began since: a time, or a span such as 24h")
        ("limit", po::value(&limit)->default_value(50)->value_name("N"), "so many at most");
    // clang-format on
    if (!read_options(self, known, words, io)) return done;
    const ledger::instant now = current_time();
    if (!state.empty()) filter.current = read_state_option(state);
    if (!since.empty()) filter.since = read_past_time("since", since, now);
    if (limit < 1 || limit > max_listed)
        throw misused("--limit is from 1 to " + std::to_string(max_listed) + "; for more: ecs-gateway changes export");

    const auto opened = open_for_command(load_settings(asked.config, io), ledger_access::reader, io);
    const ledger::change_page found = read_newest(*opened.store, filter, limit, now);
    if (asked.as_json)
        io.out << json_of(found) << '\n';
    else
        print_changes(io.out, found.changes, now);
    return done;
}

}  // namespace gateway::cli
