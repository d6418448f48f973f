#include "settings_file.hpp"

#include <ostream>

#include "gateway/config/load.hpp"

namespace gateway::cli {

config::settings load_settings(const std::string& file, const streams& io) {
    auto loaded = config::load(file);
    if (loaded.ok()) return std::move(loaded.values);
    for (const auto& problem : loaded.problems)
        io.err << config::describe(problem, file) << '\n';
    throw gave_up("the file has problems; fix them first (ecs-gateway check --config FILE)");
}

}  // namespace gateway::cli
