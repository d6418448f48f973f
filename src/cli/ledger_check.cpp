#include <algorithm>
#include <ostream>

#include "change_output.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/ledger/change_json.hpp"
#include "ledger_access.hpp"
#include "settings_file.hpp"
#include "time_option.hpp"

namespace gateway::cli {

namespace {

std::string size_of(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1024 * 1024;
    if (bytes < 10 * mib) return std::to_string((bytes + 1023) / 1024) + " KiB";
    return std::to_string(bytes / mib) + " MiB";
}

std::string open_changes(const ledger::ledger_facts& facts) {
    std::string text;
    for (const ledger::open_count& each : facts.open)
        text.append(text.empty() ? "" : ", ").append(name(each.current)).append(" ").append(std::to_string(each.count));
    return text;
}

std::string oldest(const ledger::ledger_facts& facts, ledger::instant now) {
    if (!facts.oldest_open) return "none";
    const ledger::change& c = *facts.oldest_open;
    return shown(c.request.id) + ", " + std::string(name(c.current)) + " since " + write_age(now - c.request.begun);
}

void print_facts(const ledger::ledger_facts& facts, ledger::instant now, std::ostream& out) {
    print_fields(out, {{"version", std::to_string(facts.version)},
                       {"size", size_of(facts.bytes) + ", log " + size_of(facts.log_bytes)},
                       {"changes", std::to_string(facts.changes)},
                       {"open", open_changes(facts)},
                       {"oldest open", oldest(facts, now)},
                       {"freezes", std::to_string(facts.freezes)}});
    out.flush();  // the rest may take minutes
}

void print_json(const ledger::store& store, const ledger::ledger_facts& facts, const std::vector<std::string>& problems,
                std::ostream& out) {
    std::string text = R"({"ledger":)" + json_string(store.describe());
    const auto number = [&](std::string_view key, std::uint64_t value) {
        text.append(",\"").append(key).append("\":").append(std::to_string(value));
    };
    number("version", static_cast<std::uint64_t>(facts.version));
    number("bytes", facts.bytes);
    number("log_bytes", facts.log_bytes);
    number("changes", facts.changes);
    for (const ledger::open_count& each : facts.open)
        number(name(each.current), each.count);
    number("freezes", facts.freezes);
    if (facts.oldest_open) append_json(text += R"(,"oldest_open":)", *facts.oldest_open);
    text += R"(,"problems":[)";
    for (const std::string& each : problems)
        append_json_string(text += &each == problems.data() ? "" : ",", each);
    out << text << "]}\n";
}

// An owner's opening migrates the tables.
void migrate(const config::settings& settings, const streams& io) {
    auto found = make_store(settings, ledger_access::reader);
    const auto cause = found->open();
    // Of a database, the role of the gateways may be one that can't make tables.
    const bool is_missing =
        settings.ledger.postgresql.has_value() && cause && cause->kind == ledger::trouble::not_there;
    if (cause && cause->kind != ledger::trouble::outdated && !is_missing) give_up(*cause);
    if (found->is_open()) {
        io.err << "its tables are of this program's version already\n";
        return;
    }
    if (!settings.ledger.postgresql) {
        const std::string file = ledger_file(settings);
        if (const auto owner = ledger::find_file_owner(file))
            throw gave_up("ledger in file " + shown(file) + ": " + *owner + " holds it; stop the gateway first");
    }
    static_cast<void>(open_for_command(settings, ledger_access::owner, io));
    io.err << "its tables have been migrated\n";
}

}  // namespace

int check_ledger(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    bool migrates = false;
    po::options_description known("Options");
    asked.add_to(known);
    known.add_options()("migrate", po::bool_switch(&migrates),
                        "bring the tables of an older version up to date, while no gateway holds the ledger");
    if (!read_options(self, known, words, io)) return done;
    const config::settings settings = load_settings(asked.config, io);
    if (migrates) migrate(settings, io);
    const auto opened = open_for_command(settings, ledger_access::reader, io);
    const ledger::instant now = current_time();
    const auto facts = value_of(opened.store->describe_contents(now));
    if (!asked.as_json) print_facts(facts, now, io.out);
    const auto problems = value_of(opened.store->check());
    if (asked.as_json)
        print_json(*opened.store, facts, problems, io.out);
    else
        print_fields(io.out, {{"integrity", problems.empty() ? "ok" : count_of(problems.size(), "problem")}});
    if (problems.empty()) return done;
    for (const std::string& each : problems)
        io.err << shown(each) << '\n';
    give_up({ledger::trouble::corrupt, "ledger in " + opened.store->describe() + ": it is corrupt"});
}

}  // namespace gateway::cli
