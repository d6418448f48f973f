#include "build.hpp"

#include <algorithm>
#include <utility>

#include "gateway/config/load.hpp"

namespace gateway::runtime {

namespace {

bool usable(const std::vector<config::problem>& problems) {
    return std::all_of(problems.begin(), problems.end(), [](const auto& p) { return p.warning; });
}

void append(std::vector<config::problem>& all, std::vector<config::problem> more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

built build(const std::string& config_file, const pipeline::snapshot* before) {
    built result;
    auto loaded = config::load(config_file);
    result.problems = std::move(loaded.problems);
    if (!usable(result.problems)) return result;

    config::settings& settings = loaded.values;
    append(result.problems, config::check_files(settings));
    if (!usable(result.problems)) return result;
    auto tls = load_tls(settings, result.problems);
    auto directory = callers::directory::load(settings, result.problems);
    auto store = std::make_shared<const credentials::store>(
        credentials::store::load(settings, result.problems, before == nullptr ? nullptr : before->credentials.get()));
    if (!usable(result.problems)) return result;

    policy::rules rules(settings);
    policy::admission admission(settings, before == nullptr ? nullptr : &before->admission);
    std::vector<config::endpoint> endpoints;
    for (const auto& region : rules.regions())
        endpoints.push_back(settings.regions.find(region)->second.ecs);
    result.listeners = std::move(tls.listeners);
    result.snapshot = std::make_shared<const pipeline::snapshot>(
        pipeline::snapshot{std::move(settings), std::move(directory), std::move(rules), std::move(admission),
                           std::move(store), std::move(endpoints), std::move(tls.upstream)});
    return result;
}

follow::configuration configuration_of(const std::shared_ptr<const pipeline::snapshot>& snapshot) {
    return {.settings = {snapshot, &snapshot->settings},
            .rules = {snapshot, &snapshot->rules},
            .credentials = snapshot->credentials,
            .upstream_tls = snapshot->upstream_tls};
}

}  // namespace gateway::runtime
