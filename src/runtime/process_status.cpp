#include "process_status.hpp"

#include <boost/json/serialize.hpp>
#include <utility>

#include "credential_figures.hpp"
#include "gateway/base/time.hpp"
#include "gateway/config/describe.hpp"
#include "ledger_figures.hpp"

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

std::uint64_t generation(const process_status& status) { return 1 + status.reloads.succeeded; }

}  // namespace

std::vector<admin::reason> not_ready(const process_status& status) {
    std::vector<admin::reason> reasons;
    if (status.ending) reasons.push_back({"draining", "", "the gateway was told to end"});
    // Lines that wait are calls that are not recorded yet; soon no new call is taken.
    const std::string trouble = status.outcome_log.trouble();
    if (!trouble.empty())
        reasons.push_back({"outcome_log", "", "the outcome log takes no lines: " + trouble});
    else if (status.outcome_log.is_full())
        reasons.push_back({"outcome_log", "", "the outcome log does not keep up: calls wait or are refused"});
    for (auto& each : ledger_reasons(status.ledger.writer().status()))
        reasons.push_back(std::move(each));
    for (auto& each : credential_reasons(status.refresher.statuses()))
        reasons.push_back(std::move(each));
    return reasons;
}

std::vector<admin::reason> degraded(const process_status& status) {
    return ledger_degraded(status.ledger.writer().status());
}

admin::figures figures_of(const process_status& status) {
    admin::figures all;
    for (const auto& each : status.workers)
        each.counted().add_to(all.calls);
    all.caller_connections = status.used.connections.load();
    for (const auto& [labels, count] : status.used.failed_handshakes.read())
        all.handshake_failures[{labels.first, std::string(http::name_of(labels.second))}] = count;
    all.cloud_connections = status.cloud_connections;
    all.reloads = status.reloads;
    all.waiting_outcome_bytes = status.outcome_log.waiting();
    all.version = GATEWAY_VERSION;
    for (const auto& one : status.snapshot.settings.credentials)
        all.troubles.try_emplace(one.name, admin::figures::trouble::none);
    add_credentials(all, status.refresher.statuses(), std::chrono::steady_clock::now());
    for (const auto& [region, ahead] : status.refresher.skews())
        all.clock_skew[region] = ahead;
    ledger::database_thread& ledger = status.ledger.writer();
    all.ledger =
        ledger_figures_of(ledger.status(), ledger.figures(), status.in_ledger.last(),
                          std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
    for (const follow::request_count& each : status.follower.requests())
        all.follow_requests[{std::string(each.subject), std::string(each.result)}] = each.count;
    return all;
}

admin::overview overview_of(const process_status& status) {
    admin::overview shown;
    const config::settings& settings = status.snapshot.settings;
    shown.now = std::chrono::system_clock::now();
    shown.started = status.started;
    shown.configuration = {
        .generation = generation(status), .loaded = status.loaded, .sha256 = settings.sha256, .file = settings.file};
    shown.not_ready = not_ready(status);
    shown.degraded = degraded(status);
    shown.counted = figures_of(status);
    for (const auto& one : settings.credentials) {
        auto& made = shown.credentials.emplace_back();
        made.name = one.name;
        made.kind = kind_of(one.type);
        const auto expiry = shown.counted.expiry.find(one.name);
        if (expiry != shown.counted.expiry.end())
            made.expires_in = std::chrono::floor<std::chrono::seconds>(expiry->second);
    }
    for (const auto& one : settings.policy) {
        const auto hits = shown.counted.calls.rules.find(one.name);
        shown.rules.push_back({.name = one.name,
                               .effect = one.effect == config::effect::allow ? "allow" : "deny",
                               .shadow = one.shadow,
                               .hits = hits == shown.counted.calls.rules.end() ? 0 : hits->second});
    }
    shown.outcomes = status.outcome_log.last_as_json_members();
    shown.ledger.name = status.ledger.writer().describe();
    show_ledger(shown, status.in_ledger.last_with_lists());
    return shown;
}

std::string configuration_of(const process_status& status) {
    const config::settings& settings = status.snapshot.settings;
    std::string loaded;
    append_rfc3339(loaded, status.loaded);
    const boost::json::object all{{"file", settings.file},
                                  {"sha256", settings.sha256},
                                  {"generation", generation(status)},
                                  {"loaded", loaded},
                                  {"values", config::effective_values(settings)}};
    return boost::json::serialize(all) + '\n';
}

}  // namespace gateway::runtime
