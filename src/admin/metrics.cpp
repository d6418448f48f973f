#include "gateway/admin/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace gateway::admin {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

// Numbers of events are far below 2^53, up to which a double is exact.
double number(std::uint64_t count) { return static_cast<double>(count); }
double seconds(std::chrono::duration<double> time) { return time.count(); }

// One family under way.
class family {
public:
    family(std::string name, std::string help, MetricType type) {
        family_.name = std::move(name);
        family_.help = std::move(help);
        family_.type = type;
    }

    void counter(labels label_set, std::uint64_t value) { metric(std::move(label_set)).counter.value = number(value); }
    void gauge(labels label_set, double value) { metric(std::move(label_set)).gauge.value = value; }
    // One count more than bounds: of what is beyond them all, +Inf, which the serializer adds.
    void histogram(labels label_set, std::span<const double> bounds, std::span<const std::uint64_t> counts,
                   double sum) {
        auto& shown = metric(std::move(label_set)).histogram;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            shown.sample_count += counts[i];
            if (i < bounds.size()) shown.bucket.push_back({shown.sample_count, bounds[i]});
        }
        shown.sample_sum = sum;
    }
    void tries(const labels& label_set, const figures::tries& made) {
        for (const auto& [result, count] : {std::pair("success", made.succeeded), std::pair("failure", made.failed)}) {
            labels extended = label_set;
            extended.push_back({"result", result});
            counter(std::move(extended), count);
        }
    }

    [[nodiscard]] MetricFamily take() { return std::move(family_); }

private:
    ClientMetric& metric(labels label_set) {
        auto& fresh = family_.metric.emplace_back();
        fresh.label = std::move(label_set);
        return fresh;
    }
    MetricFamily family_;
};

// 0: the caller was gone before it got an answer.
std::string status_text(unsigned status) {
    return status == 0 ? std::string(outcome::no_label) : std::to_string(status);
}

MetricFamily calls(const outcome::totals& totals) {
    family all("ecs_gateway_calls_total", "Calls by what the caller got.", MetricType::Counter);
    for (const auto& [call, count] : totals.calls) {
        all.counter({{"operation", call.operation},
                     {"account", call.account},
                     {"decision", std::string(name_of(call.decided))},
                     {"status", status_text(call.status)}},
                    count);
    }
    return all.take();
}

MetricFamily upstream_errors(const outcome::totals& totals) {
    family all("ecs_gateway_upstream_errors_total",
               "Exchanges with the cloud that failed, by the step that did, or were answered with an error of the "
               "cloud's own or a refusal of the credential.",
               MetricType::Counter);
    for (const auto& [key, count] : totals.errors)
        all.counter({{"region", key.first}, {"kind", std::string(name_of(key.second))}}, count);
    return all.take();
}

MetricFamily times(std::string name, std::string help, const std::string& label,
                   const std::map<std::string, outcome::totals::times>& histograms) {
    std::array<double, outcome::time_buckets.size()> bounds{};
    std::ranges::transform(outcome::time_buckets, bounds.begin(), [](const auto& bound) { return seconds(bound); });
    family all(std::move(name), std::move(help), MetricType::Histogram);
    for (const auto& [value, measured] : histograms)
        all.histogram({{label, value}}, bounds, measured.in_bucket, seconds(measured.sum));
    return all.take();
}

MetricFamily gauges(std::string name, std::string help, const std::string& label,
                    const std::map<std::string, std::chrono::duration<double>>& values) {
    family all(std::move(name), std::move(help), MetricType::Gauge);
    for (const auto& [value, time] : values)
        all.gauge({{label, value}}, seconds(time));
    return all.take();
}

MetricFamily one_counter(std::string name, std::string help, std::uint64_t value) {
    family all(std::move(name), std::move(help), MetricType::Counter);
    all.counter({}, value);
    return all.take();
}

MetricFamily one_gauge(std::string name, std::string help, double value) {
    family all(std::move(name), std::move(help), MetricType::Gauge);
    all.gauge({}, value);
    return all.take();
}

void append_changes(std::vector<MetricFamily>& all, const ledger_figures& shown) {
    family open("ecs_gateway_changes", "Changes in the ledger that have not ended.", MetricType::Gauge);
    family oldest("ecs_gateway_oldest_change_seconds",
                  "Since the oldest change of those that have not ended began; 0 where there is none.",
                  MetricType::Gauge);
    for (const auto& [state, changes] : shown.open) {
        open.gauge({{"state", state}}, number(changes.count));
        oldest.gauge({{"state", state}}, changes.count == 0 ? 0 : seconds(changes.oldest));
    }
    family ends("ecs_gateway_changes_total", "Changes that ended, by how.", MetricType::Counter);
    for (const auto& [end, count] : shown.ends)
        ends.counter({{"operation", end.operation}, {"account", end.account}, {"state", end.state}}, count);
    all.push_back(open.take());
    all.push_back(oldest.take());
    all.push_back(ends.take());
    all.push_back(one_counter("ecs_gateway_changes_contradicted_total",
                              "Changes that were believed to have come to nothing, until the cloud's own answer said "
                              "otherwise.",
                              shown.contradicted));
    all.push_back(
        one_gauge("ecs_gateway_frozen", "Freezes that stand: changes within them are refused.", number(shown.freezes)));
}

void append_ledger(std::vector<MetricFamily>& all, const ledger_figures& shown) {
    all.push_back(one_gauge("ecs_gateway_ledger_up", "1 while the ledger takes changes, else 0: they are refused.",
                            shown.is_up ? 1 : 0));
    family commits("ecs_gateway_ledger_commit_seconds", "Of a commit to the ledger, until it is durable.",
                   MetricType::Histogram);
    commits.histogram({}, shown.bounds, shown.commit_times, seconds(shown.commits_took));
    all.push_back(commits.take());
    all.push_back(one_counter("ecs_gateway_ledger_commits_total", "Commits to the ledger.", shown.commits));
    all.push_back(one_counter("ecs_gateway_ledger_rows_total",
                              "What was written by these commits: a record, an answer or an end each.", shown.rows));
}

}  // namespace

std::vector<MetricFamily> families_of(const figures& shown) {
    family reloads("ecs_gateway_config_reloads_total", "Reloads of the configuration; a failed one changes nothing.",
                   MetricType::Counter);
    reloads.tries({}, shown.reloads);

    family refreshes("ecs_gateway_credential_refreshes_total", "Fetches of a credential, the first included.",
                     MetricType::Counter);
    for (const auto& [credential, made] : shown.refreshes)
        refreshes.tries({{"credential", credential}}, made);

    family connections("ecs_gateway_connections", "Open connections, those of callers and those to the cloud.",
                       MetricType::Gauge);
    connections.gauge({{"side", "caller"}}, number(shown.caller_connections));
    connections.gauge({{"side", "cloud"}}, number(shown.cloud_connections));

    family handshakes("ecs_gateway_tls_handshake_failures_total", "TLS handshakes of callers that failed, by reason.",
                      MetricType::Counter);
    for (const auto& [key, count] : shown.handshake_failures)
        handshakes.counter({{"listener", key.first}, {"reason", key.second}}, count);

    family troubles(
        "ecs_gateway_credential_trouble",
        "Of a credential that can't be fetched or read anew, or that the cloud refuses: 1 while the old one "
        "serves, 2 while calls that need it fail. 0 for all others, those that are left to expire unused too.",
        MetricType::Gauge);
    for (const auto& [credential, trouble] : shown.troubles)
        troubles.gauge({{"credential", credential}}, static_cast<double>(trouble));

    family build("ecs_gateway_build_info", "Always 1; the label tells which version runs.", MetricType::Gauge);
    build.gauge({{"version", shown.version}}, 1);

    std::vector<MetricFamily> all;
    all.push_back(calls(shown.calls));
    all.push_back(upstream_errors(shown.calls));
    all.push_back(reloads.take());
    all.push_back(refreshes.take());
    all.push_back(times("ecs_gateway_call_seconds", "From a call's first byte to the end of its answer.", "operation",
                        shown.calls.call_seconds));
    all.push_back(times("ecs_gateway_upstream_seconds", "From sending a call to the cloud to the end of its answer.",
                        "region", shown.calls.upstream_seconds));
    all.push_back(connections.take());
    all.push_back(gauges("ecs_gateway_credential_expiry_seconds",
                         "Until a credential in use expires; those that never do are left out.", "credential",
                         shown.expiry));
    all.push_back(
        gauges("ecs_gateway_upstream_clock_skew_seconds",
               "How far the cloud's clock is ahead of the gateway's. Beyond 900 the cloud refuses signatures.",
               "region", shown.clock_skew));
    all.push_back(build.take());
    all.push_back(
        one_gauge("ecs_gateway_outcome_waiting_bytes",
                  "Outcome lines that the log has not taken yet. A worker with 16 MiB of them takes no more calls.",
                  number(shown.waiting_outcome_bytes)));
    all.push_back(troubles.take());
    all.push_back(handshakes.take());
    append_changes(all, shown.ledger);
    append_ledger(all, shown.ledger);
    family following("ecs_gateway_follow_requests_total",
                     "Requests to the cloud that follow changes, by what was asked for and how that went.",
                     MetricType::Counter);
    for (const auto& [labels, count] : shown.follow_requests)
        following.counter({{"what", labels.first}, {"result", labels.second}}, count);
    all.push_back(following.take());
    return all;
}

std::string text_of(const std::vector<MetricFamily>& families) {
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace gateway::admin
