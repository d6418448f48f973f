#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "gateway/admin/metrics.hpp"

namespace gateway::admin {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using labels = std::map<std::string, std::string>;

// The text format, read back: https://prometheus.io/docs/instrumenting/exposition_formats/
struct scraped {
    std::map<std::string, std::string> types, helps;
    std::map<std::string, std::map<labels, double>> samples;
    std::vector<std::string> not_parsed;
};

scraped read(const std::string& text) {
    scraped all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream input(line);
        std::string name, value;
        if (line.rfind("# ", 0) == 0) {
            std::string hash, kind;
            input >> hash >> kind >> name >> std::ws;
            std::getline(input, value);
            (kind == "TYPE" ? all.types : all.helps)[name] = value;
            continue;
        }
        std::getline(input, name, line.find('{') < line.find(' ') ? '{' : ' ');
        labels label_set;
        if (line.find('{') < line.find(' ')) {
            for (std::string label; input.peek() != '}' && std::getline(input, label, '=');) {
                std::string content;
                input.get();  // "
                for (char c = 0; input.get(c) && c != '"';) {
                    if (c == '\\') {
                        input.get(c);
                        if (c == 'n') c = '\n';
                    }
                    content += c;
                }
                label_set[label] = content;
                if (input.peek() == ',') input.get();
            }
            input.get();  // }
        }
        input >> value;
        char* end = nullptr;
        const double number = std::strtod(value.c_str(), &end);
        if (value.empty() || *end != '\0' || !all.samples[name].emplace(label_set, number).second)
            all.not_parsed.push_back(line);
    }
    return all;
}

figures example() {
    outcome::counters worker;
    outcome::record call;
    call.operation = "resize";
    call.account = "partner";
    call.region = "cn-north-4";
    call.decided = outcome::decision::allowed;
    call.status = call.upstream_status = 200;
    call.duration = 3ms;
    call.upstream = 2ms;
    worker.count(call);
    call.duration = 70s;
    worker.count(call);
    worker.count({});
    worker.count_failure("eu-west-101", outcome::upstream_error::timeout);
    figures shown;
    worker.add_to(shown.calls);
    shown.caller_connections = 7;
    shown.cloud_connections = 3;
    shown.waiting_outcome_bytes = 4096;
    shown.handshake_failures[{"0.0.0.0:8443", "certificate"}] = 3;
    shown.reloads = {2, 1};
    shown.refreshes["acme"] = {5, 4};
    shown.expiry["acme"] = 1500ms;
    shown.troubles = {{"acme", figures::trouble::old_one_serves},
                      {"globex", figures::trouble::calls_fail},
                      {"partner", figures::trouble::none}};
    shown.clock_skew["cn-north-4"] = -2s;
    shown.ledger.is_up = true;
    shown.ledger.open = {{"unknown", {2, 90s}}, {"accepted", {0, 1h}}};
    shown.ledger.ends = {{{"resize", "acme", "succeeded"}, 4}, {{"resize", "acme", "refused"}, 1}};
    shown.ledger.contradicted = 1;
    shown.ledger.freezes = 2;
    shown.ledger.commits = 6;
    shown.ledger.rows = 9;
    shown.ledger.bounds = {0.001, 0.01};
    shown.ledger.commit_times = {2, 3, 1};
    shown.ledger.commits_took = 500ms;
    shown.version = "0.1.0";
    return shown;
}

scraped scrape(const figures& shown) { return read(text_of(families_of(shown))); }

TEST(metrics, have_the_documented_names_and_types_and_no_others) {
    const std::map<std::string, std::string> documented{{"ecs_gateway_calls_total", "counter"},
                                                        {"ecs_gateway_upstream_errors_total", "counter"},
                                                        {"ecs_gateway_config_reloads_total", "counter"},
                                                        {"ecs_gateway_credential_refreshes_total", "counter"},
                                                        {"ecs_gateway_call_seconds", "histogram"},
                                                        {"ecs_gateway_upstream_seconds", "histogram"},
                                                        {"ecs_gateway_connections", "gauge"},
                                                        {"ecs_gateway_credential_expiry_seconds", "gauge"},
                                                        {"ecs_gateway_upstream_clock_skew_seconds", "gauge"},
                                                        {"ecs_gateway_build_info", "gauge"},
                                                        // For alerts on a log that is behind, and on
                                                        // a credential that can't be renewed.
                                                        {"ecs_gateway_outcome_waiting_bytes", "gauge"},
                                                        {"ecs_gateway_credential_trouble", "gauge"},
                                                        {"ecs_gateway_tls_handshake_failures_total", "counter"},
                                                        {"ecs_gateway_changes", "gauge"},
                                                        {"ecs_gateway_oldest_change_seconds", "gauge"},
                                                        {"ecs_gateway_changes_total", "counter"},
                                                        {"ecs_gateway_changes_contradicted_total", "counter"},
                                                        {"ecs_gateway_follow_requests_total", "counter"},
                                                        {"ecs_gateway_frozen", "gauge"},
                                                        {"ecs_gateway_ledger_up", "gauge"},
                                                        {"ecs_gateway_ledger_commit_seconds", "histogram"},
                                                        {"ecs_gateway_ledger_commits_total", "counter"},
                                                        {"ecs_gateway_ledger_rows_total", "counter"}};
    for (const figures& shown : {example(), figures{}}) {
        const scraped got = scrape(shown);
        EXPECT_EQ(got.types, documented);
        EXPECT_THAT(got.not_parsed, IsEmpty());
        for (const auto& [name, type] : documented)
            EXPECT_GT(got.helps.at(name).size(), 10U) << name;
    }
}

TEST(metrics, have_the_documented_labels) {
    const std::map<std::string, std::set<std::string>> documented{
        {"ecs_gateway_calls_total", {"operation", "account", "decision", "status"}},
        {"ecs_gateway_upstream_errors_total", {"region", "kind"}},
        {"ecs_gateway_config_reloads_total", {"result"}},
        {"ecs_gateway_credential_refreshes_total", {"credential", "result"}},
        {"ecs_gateway_call_seconds_bucket", {"operation", "le"}},
        {"ecs_gateway_call_seconds_sum", {"operation"}},
        {"ecs_gateway_call_seconds_count", {"operation"}},
        {"ecs_gateway_upstream_seconds_bucket", {"region", "le"}},
        {"ecs_gateway_upstream_seconds_sum", {"region"}},
        {"ecs_gateway_upstream_seconds_count", {"region"}},
        {"ecs_gateway_connections", {"side"}},
        {"ecs_gateway_credential_expiry_seconds", {"credential"}},
        {"ecs_gateway_credential_trouble", {"credential"}},
        {"ecs_gateway_tls_handshake_failures_total", {"listener", "reason"}},
        {"ecs_gateway_upstream_clock_skew_seconds", {"region"}},
        {"ecs_gateway_build_info", {"version"}},
        {"ecs_gateway_changes", {"state"}},
        {"ecs_gateway_oldest_change_seconds", {"state"}},
        {"ecs_gateway_changes_total", {"operation", "account", "state"}},
        {"ecs_gateway_ledger_commit_seconds_bucket", {"le"}}};
    std::map<std::string, std::set<std::string>> found;
    for (const auto& [name, samples] : scrape(example()).samples) {
        for (const auto& [label_set, value] : samples) {
            for (const auto& [label, content] : label_set)
                found[name].insert(label);
        }
    }
    EXPECT_EQ(found, documented);
}

TEST(metrics, show_the_values_that_they_were_given) {
    const auto got = scrape(example()).samples;
    const auto expect = [&](const std::string& name, const std::map<labels, double>& values) {
        EXPECT_EQ(got.at(name), values) << name;
    };
    expect("ecs_gateway_calls_total",
           {{{{"operation", "resize"}, {"account", "partner"}, {"decision", "allowed"}, {"status", "200"}}, 2},
            {{{"operation", "none"}, {"account", "none"}, {"decision", "rejected"}, {"status", "none"}}, 1}});
    expect("ecs_gateway_upstream_errors_total", {{{{"region", "eu-west-101"}, {"kind", "timeout"}}, 1}});
    expect("ecs_gateway_config_reloads_total", {{{{"result", "success"}}, 2}, {{{"result", "failure"}}, 1}});
    expect("ecs_gateway_credential_refreshes_total", {{{{"credential", "acme"}, {"result", "success"}}, 5},
                                                      {{{"credential", "acme"}, {"result", "failure"}}, 4}});
    expect("ecs_gateway_connections", {{{{"side", "caller"}}, 7}, {{{"side", "cloud"}}, 3}});
    expect("ecs_gateway_credential_expiry_seconds", {{{{"credential", "acme"}}, 1.5}});
    expect("ecs_gateway_upstream_clock_skew_seconds", {{{{"region", "cn-north-4"}}, -2}});
    expect("ecs_gateway_build_info", {{{{"version", "0.1.0"}}, 1}});
    expect("ecs_gateway_outcome_waiting_bytes", {{{}, 4096}});
    expect("ecs_gateway_tls_handshake_failures_total",
           {{{{"listener", "0.0.0.0:8443"}, {"reason", "certificate"}}, 3}});
    expect("ecs_gateway_credential_trouble",
           {{{{"credential", "acme"}}, 1}, {{{"credential", "globex"}}, 2}, {{{"credential", "partner"}}, 0}});
    expect("ecs_gateway_changes", {{{{"state", "unknown"}}, 2}, {{{"state", "accepted"}}, 0}});
    expect("ecs_gateway_oldest_change_seconds", {{{{"state", "unknown"}}, 90}, {{{"state", "accepted"}}, 0}});
    expect("ecs_gateway_changes_total", {{{{"operation", "resize"}, {"account", "acme"}, {"state", "succeeded"}}, 4},
                                         {{{"operation", "resize"}, {"account", "acme"}, {"state", "refused"}}, 1}});
    expect("ecs_gateway_changes_contradicted_total", {{{}, 1}});
    expect("ecs_gateway_frozen", {{{}, 2}});
    expect("ecs_gateway_ledger_up", {{{}, 1}});
    expect("ecs_gateway_ledger_commits_total", {{{}, 6}});
    expect("ecs_gateway_ledger_rows_total", {{{}, 9}});
    expect("ecs_gateway_ledger_commit_seconds_bucket",
           {{{{"le", "0.001"}}, 2}, {{{"le", "0.01"}}, 5}, {{{"le", "+Inf"}}, 6}});
    expect("ecs_gateway_ledger_commit_seconds_sum", {{{}, 0.5}});
    expect("ecs_gateway_call_seconds_count", {{{{"operation", "resize"}}, 2}, {{{"operation", "none"}}, 1}});
    expect("ecs_gateway_call_seconds_sum", {{{{"operation", "resize"}}, 70.003}, {{{"operation", "none"}}, 0}});
    expect("ecs_gateway_upstream_seconds_count", {{{{"region", "cn-north-4"}}, 2}});
    expect("ecs_gateway_upstream_seconds_sum", {{{{"region", "cn-north-4"}}, 0.004}});
}

TEST(metrics, have_cumulative_buckets_from_a_millisecond_to_a_minute) {
    std::map<double, double> buckets;  // by upper bound
    std::vector<std::string> bounds;
    const auto got = scrape(example());
    for (const auto& [label_set, count] : got.samples.at("ecs_gateway_call_seconds_bucket")) {
        if (label_set.at("operation") != "resize") continue;
        bounds.push_back(label_set.at("le"));
        buckets[std::stod(label_set.at("le"))] = count;  // reads +Inf, too
    }
    ASSERT_EQ(buckets.size(), outcome::time_buckets.size() + 1);
    EXPECT_EQ(buckets.begin()->first, 0.001);
    EXPECT_EQ(std::next(buckets.rbegin())->first, 60);
    EXPECT_THAT(bounds, Contains("0.0025"));  // as people write it in a query
    EXPECT_THAT(bounds, Contains("+Inf"));
    EXPECT_EQ(buckets.at(0.0025), 0);
    EXPECT_EQ(buckets.at(0.005), 1);
    EXPECT_EQ(buckets.at(60), 1);
    EXPECT_EQ(buckets.rbegin()->second, 2);
}

TEST(metrics, start_at_nought_where_the_labels_are_known_beforehand) {
    const auto got = scrape({}).samples;
    EXPECT_THAT(got.at("ecs_gateway_config_reloads_total"),
                ElementsAre(Pair(labels{{"result", "failure"}}, 0), Pair(labels{{"result", "success"}}, 0)));
    EXPECT_THAT(got.at("ecs_gateway_connections"),
                ElementsAre(Pair(labels{{"side", "caller"}}, 0), Pair(labels{{"side", "cloud"}}, 0)));
    EXPECT_EQ(got.count("ecs_gateway_calls_total"), 0U);
}

TEST(metrics, escape_what_a_label_holds) {
    figures shown;
    const std::string hostile = "a\"} 1\nb\\";
    shown.expiry[hostile] = 1s;
    const scraped got = scrape(shown);
    EXPECT_THAT(got.not_parsed, IsEmpty());
    EXPECT_THAT(got.samples.at("ecs_gateway_credential_expiry_seconds"),
                ElementsAre(Pair(labels{{"credential", hostile}}, 1)));
}

}  // namespace
}  // namespace gateway::admin
