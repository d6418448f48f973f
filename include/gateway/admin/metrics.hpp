#pragma once
// The metrics of docs/metrics.md, made from plain values, and their text (Prometheus exposition format 0.0.4).

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/outcome/counters.hpp"

namespace gateway::admin {

// Of the ledger and the changes in it.
struct ledger_figures {
    bool is_up = false;
    struct open_changes {
        std::uint64_t count = 0;
        std::chrono::duration<double> oldest{};  // its age; of no meaning where there is none
    };
    std::map<std::string, open_changes> open;  // by state that is no end; empty until they were counted once
    struct end {
        std::string operation, account, state;
        auto operator<=>(const end&) const = default;
    };
    std::map<end, std::uint64_t> ends;
    std::uint64_t contradicted = 0, freezes = 0, commits = 0, rows = 0;
    // Of commits: upper bounds in seconds, and how many were within each, with those beyond all bounds last.
    std::vector<double> bounds;
    std::vector<std::uint64_t> commit_times;
    std::chrono::duration<double> commits_took{};
};

// The values of a scrape. A key that a map does not have has no sample.
struct figures {
    struct tries {
        std::uint64_t succeeded = 0, failed = 0;
    };
    outcome::totals calls;  // of all workers
    std::uint64_t caller_connections = 0, cloud_connections = 0;
    std::uint64_t waiting_outcome_bytes = 0;  // lines that the log has not taken yet
    std::map<std::pair<std::string, std::string>, std::uint64_t> handshake_failures;  // by listener and reason
    tries reloads;
    std::map<std::string, tries> refreshes;                       // by credential
    std::map<std::string, std::chrono::duration<double>> expiry;  // by credential: from now; gone by when negative
    // A credential's; of several projects, the worst.
    enum class trouble : std::uint8_t { none = 0, old_one_serves = 1, calls_fail = 2 };
    std::map<std::string, trouble> troubles;
    std::map<std::string, std::chrono::duration<double>> clock_skew;  // by region: its clock less ours
    ledger_figures ledger;
    std::map<std::pair<std::string, std::string>, std::uint64_t>
        follow_requests;  // by what was asked for and the result
    std::string version;
};

// Every family of docs/metrics.md, the empty ones too.
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const figures& shown);

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
[[nodiscard]] std::string text_of(const std::vector<prometheus::MetricFamily>& families);

}  // namespace gateway::admin
