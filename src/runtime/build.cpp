#include "build.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "gateway/config/load.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::runtime {

namespace {

bool usable(const std::vector<config::problem>& problems) {
    return std::all_of(problems.begin(), problems.end(), [](const auto& p) { return p.warning; });
}

void append(std::vector<config::problem>& to, std::vector<config::problem> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

built build(const std::string& config_file, const pipeline::snapshot* before,
            const std::shared_ptr<callers::replay_memory>& memory) {
    built result;
    auto loaded = config::load(config_file);
    result.problems = std::move(loaded.problems);
    if (!usable(result.problems)) return result;

    config::settings& settings = loaded.values;
    append(result.problems, config::check_files(settings));
    append(result.problems, callers::unsupported(settings));
    auto directory = callers::directory::load(settings, memory, result.problems);
    auto store = std::make_shared<const credentials::store>(
        credentials::store::load(settings, result.problems, before == nullptr ? nullptr : before->credentials.get()));
    if (!usable(result.problems)) return result;

    policy::rules rules(settings);
    policy::admission admission(settings, before == nullptr ? nullptr : &before->admission);
    std::vector<config::endpoint> endpoints;
    for (const auto& region : rules.regions())
        endpoints.push_back(settings.regions.find(region)->second.ecs);
    std::shared_ptr<boost::asio::ssl::context> tls;
    try {
        tls = upstream::make_tls_context(settings.upstream);
    } catch (const std::exception& e) {
        result.problems.push_back({{}, std::string("can't verify the cloud's certificates: ") + e.what(), false});
        return result;
    }
    result.snapshot = std::make_shared<const pipeline::snapshot>(
        pipeline::snapshot{std::move(settings), std::move(directory), std::move(rules), std::move(admission),
                           std::move(store), std::move(endpoints), std::move(tls)});
    return result;
}

}  // namespace gateway::runtime
