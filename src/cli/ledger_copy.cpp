#include "gateway/ledger/ledger_copy.hpp"

#include <algorithm>
#include <ostream>

#include "change_output.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/runtime/ledger_place.hpp"
#include "ledger_access.hpp"
#include "progress.hpp"
#include "settings_file.hpp"

namespace gateway::cli {

int copy_ledger(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    std::string to;
    po::options_description known("Options");
    asked.add_to(known);
    known.add_options()("to", po::value(&to)->required()->value_name("CONFIGURATION"),
                        "the configuration of the replicas, which names PostgreSQL");
    if (!read_options(self, known, words, io)) return done;
    const std::string file = ledger_file(load_settings(asked.config, io));
    const config::settings target = load_settings(to, io);
    if (!target.ledger.postgresql)
        throw gave_up("the configuration " + shown(to) +
                      " names no PostgreSQL; write there: ledger: {postgresql: {connection: {file: …}}}");
    if (const auto owner = ledger::find_file_owner(file))
        throw gave_up("ledger in file " + shown(file) + ": " + *owner + " holds it; stop the gateway first");
    const auto options = runtime::postgresql_of(target, ledger::postgresql_options::access::migrator);
    std::size_t copied = 0;
    {
        progress copying(io);
        copied = value_of(ledger::copy_into_postgresql(file, options, [&](std::size_t ready, std::size_t total) {
            copying.show(std::to_string(ready) + " of " + count_of(total, "change"));
        }));
    }
    const std::string place = ledger::make_postgresql_store(options)->describe();
    if (asked.as_json)
        io.out << R"({"ledger":)" << json_string("file " + file) << R"(,"copied_to":)" << json_string(place)
               << R"(,"changes":)" << copied << "}\n";
    else
        io.out << "ledger in file " << shown(file) << " is copied into " << shown(place) << ": "
               << count_of(copied, "change") << "\nStart no gateway with the file again: it would not know of what the "
               << "replicas record from now on.\n";
    return done;
}

}  // namespace gateway::cli
