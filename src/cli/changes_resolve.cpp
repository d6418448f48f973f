#include <algorithm>
#include <array>
#include <ostream>

#include "change_output.hpp"
#include "ledger_access.hpp"
#include "operator_note.hpp"
#include "settings_file.hpp"

namespace gateway::cli {

namespace {

using ledger::state;

state read_end(const std::string& text) {
    constexpr std::array ends{state::succeeded, state::failed, state::cancelled, state::not_applied};
    const auto end = ledger::read_state(text);
    if (end && std::find(ends.begin(), ends.end(), *end) != ends.end()) return *end;
    throw misused("--as " + shown(text) +
                  " is no end that a person can give; expected succeeded, failed, cancelled or "
                  "not_applied");
}

[[noreturn]] void refuse_ended(const std::string& id, state current) {
    throw gave_up("change " + shown(id) + " has ended already, as " + std::string(name(current)) +
                  "; look at it with: ecs-gateway changes show " + shown(id));
}

}  // namespace

int resolve_change(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    std::string id, end, reason;
    po::options_description known("Options");
    asked.add_to(known);
    known.add_options()("as", po::value(&end)->required()->value_name("STATE"),
                        "succeeded, failed, cancelled or not_applied")(
        "reason", po::value(&reason)->required()->value_name("TEXT"), "kept with it, as is who you are");
    if (!read_options(self, known, words, io, {"ID", &id})) return done;
    const state to = read_end(end);
    check_reason(reason);

    const auto opened = open_for_command(load_settings(asked.config, io), ledger_access::writer, io);
    const state before = find_change(*opened.store, id).current;
    if (has_ended(before)) refuse_ended(id, before);
    const auto moved = value_of(
        ledger::commit_one(*opened.store, ledger::writes::resolve{id, to, operator_name(), reason, current_time()}));
    if (moved.result != ledger::moved::fate::done) refuse_ended(id, moved.current);  // meanwhile
    if (before == state::sending)
        io.err << "note: it was still being sent; an answer of the cloud that comes now wins over this\n";
    if (asked.as_json)
        print_change_json(io.out, find_change(*opened.store, id));
    else
        io.out << "change " << shown(id) << " was " << name(before) << " and is " << name(to) << '\n';
    return done;
}

}  // namespace gateway::cli
