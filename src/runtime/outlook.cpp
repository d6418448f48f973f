#include "outlook.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "gateway/base/time.hpp"
#include "gateway/config/describe.hpp"

namespace gateway::runtime {

namespace {

std::string_view kind_of(config::credential::kind kind) {
    switch (kind) {
        case config::credential::kind::pair:
            return "pair";
        case config::credential::kind::agency:
            return "agency";
        case config::credential::kind::token:
            return "token";
        case config::credential::kind::metadata:
            return "metadata";
        case config::credential::kind::sdk_default:
            return "sdk_default";
    }
    return {};
}

std::uint64_t generation(const outlook& at) { return 1 + at.reloads.succeeded; }

}  // namespace

std::vector<admin::reason> not_ready(const outlook& at) {
    std::vector<admin::reason> why;
    if (at.ending) why.push_back({"draining", "", "the gateway was told to end"});
    // Lines that wait are calls that are not recorded yet; soon no new call is taken.
    const std::string trouble = at.journal.trouble();
    if (!trouble.empty())
        why.push_back({"outcome_log", "", "the outcome log takes no lines: " + trouble});
    else if (at.journal.is_full())
        why.push_back({"outcome_log", "", "the outcome log does not keep up: calls wait or are refused"});
    for (const auto& one : at.keeper.conditions()) {
        if (!one.why.empty() && (!one.usable || one.refused)) why.push_back({"credential", one.name, one.why});
    }
    return why;
}

admin::figures figures_of(const outlook& at) {
    using trouble = admin::figures::trouble;
    admin::figures all;
    for (const auto& each : at.workers)
        each.counted().add_to(all.calls);
    all.caller_connections = at.used.connections.load();
    for (const auto& [what, count] : at.used.failed_handshakes.read())
        all.handshake_failures[{what.first, std::string(http::name_of(what.second))}] = count;
    all.cloud_connections = at.cloud_connections;
    all.reloads = at.reloads;
    all.waiting_outcome_bytes = at.journal.waiting();
    all.version = GATEWAY_VERSION;
    for (const auto& one : at.in_force.settings.credentials)
        all.troubles.try_emplace(one.name, trouble::none);
    for (const auto& one : at.keeper.conditions()) {
        if (!one.why.empty()) {
            const bool serves = one.usable && !(one.expires && *one.expires <= std::chrono::steady_clock::now());
            trouble& worst = all.troubles[one.name];
            worst = std::max(worst, serves ? trouble::old_one_serves : trouble::calls_fail);
        }
        auto& made = all.refreshes[one.name];
        made.succeeded += one.fetched;
        made.failed += one.failed;
        if (!one.expires) continue;
        const std::chrono::duration<double> left = *one.expires - std::chrono::steady_clock::now();
        const auto [known, fresh] = all.expiry.try_emplace(one.name, left);
        if (!fresh && left < known->second) known->second = left;  // of several projects, the first to go
    }
    for (const auto& [region, ahead] : at.keeper.skews())
        all.cloud_is_ahead[region] = ahead;
    return all;
}

admin::overview overview_of(const outlook& at) {
    admin::overview shown;
    const config::settings& settings = at.in_force.settings;
    shown.now = std::chrono::system_clock::now();
    shown.started = at.started;
    shown.configuration = {
        .generation = generation(at), .loaded = at.loaded, .sha256 = settings.sha256, .file = settings.file};
    shown.not_ready = not_ready(at);
    shown.counted = figures_of(at);
    for (const auto& one : settings.credentials) {
        auto& made = shown.credentials.emplace_back();
        made.name = one.name;
        made.kind = kind_of(one.is);
        const auto expiry = shown.counted.expiry.find(one.name);
        if (expiry != shown.counted.expiry.end())
            made.expires_in = std::chrono::floor<std::chrono::seconds>(expiry->second);
    }
    for (const auto& one : settings.policy) {
        const auto hits = shown.counted.calls.rules.find(one.name);
        shown.rules.push_back({.name = one.name,
                               .effect = one.does == config::effect::allow ? "allow" : "deny",
                               .shadow = one.shadow,
                               .hits = hits == shown.counted.calls.rules.end() ? 0 : hits->second});
    }
    shown.outcomes = at.journal.last_as_json_members();
    return shown;
}

std::string configuration_of(const outlook& at) {
    const config::settings& settings = at.in_force.settings;
    std::string loaded;
    append_rfc3339(loaded, at.loaded);
    const boost::json::object all{{"file", settings.file},
                                  {"sha256", settings.sha256},
                                  {"generation", generation(at)},
                                  {"loaded", loaded},
                                  {"values", config::in_force(settings)}};
    return boost::json::serialize(all) + '\n';
}

}  // namespace gateway::runtime
