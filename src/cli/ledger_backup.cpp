#include <algorithm>
#include <filesystem>
#include <ostream>

#include "gateway/base/escape.hpp"
#include "ledger_access.hpp"
#include "progress.hpp"
#include "settings_file.hpp"

namespace gateway::cli {

int back_up_ledger(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    std::string copy;
    po::options_description known("Options");
    asked.add_to(known);
    if (!read_options(self, known, words, io, {"FILE", &copy})) return done;
    const std::string file = ledger_file(load_settings(asked.config, io));
    announce_file(file, io);
    {
        progress copying(io);
        const auto cause = ledger::back_up_file(file, copy, [&](std::size_t copied, std::size_t total) {
            copying.show(std::to_string(100 * copied / std::max<std::size_t>(total, 1)) + " %");
        });
        if (cause) give_up(*cause);
    }
    if (asked.as_json)
        io.out << R"({"ledger":)" << json_string("file " + file) << R"(,"backup":)" << json_string(copy)
               << R"(,"bytes":)" << std::filesystem::file_size(copy) << "}\n";
    else
        io.out << "ledger in file " << shown(file) << " is copied into " << shown(copy) << '\n';
    return done;
}

}  // namespace gateway::cli
