#include <ostream>

#include "change_output.hpp"
#include "ledger_access.hpp"
#include "settings_file.hpp"

namespace gateway::cli {

int show_change(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    std::string id;
    po::options_description known("Options");
    asked.add_to(known);
    if (!read_options(self, known, words, io, {"ID", &id})) return done;
    const auto opened = open_for_command(load_settings(asked.config, io), ledger_access::reader, io);
    const ledger::change found = find_change(*opened.store, id);
    if (asked.as_json)
        print_change_json(io.out, found);
    else
        print_change(io.out, found, current_time());
    return done;
}

}  // namespace gateway::cli
