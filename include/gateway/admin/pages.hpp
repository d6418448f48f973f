#pragma once
// The answers of the admin listener, as values: no socket.

#include <prometheus/metric_family.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::admin {

// Why no call, or not every call, can be served just now.
struct reason {
    std::string kind;  // "credential", "draining", "ledger", "outcome_log"
    std::string name;  // which one; empty where there is but one
    std::string text;  // for people, without any secret
};

// The sources of the pages. Called on the server's thread for each request; they must not wait.
struct status {
    std::function<std::vector<reason>()> not_ready;  // none: ready
    std::function<std::vector<reason>()> degraded;   // what does not work and is no reason to send nobody here
    std::function<std::vector<prometheus::MetricFamily>()> metrics;
    std::function<std::string()> overview;       // JSON, of overview.hpp
    std::function<std::string()> configuration;  // JSON: what is in force, without secrets
};

struct page {
    unsigned status = 200;
    std::string_view type = "application/json";
    std::string body;
    std::string_view allow = {};            // of a 405
    std::string_view security_policy = {};  // Content-Security-Policy, of a page for browsers
};

// `target` and `host` are the request's, as they stand (`host` empty: it has none); a query makes no difference. HEAD
// gets what GET gets: its body is left out by whoever writes the answer. What only probes and scrapers read is given
// under any host, /readyz without its reasons; the rest only under an address or localhost, for otherwise a web page
// whose name its owner lets point here (DNS rebinding) reads it through the browser of somebody who can reach this
// listener.
[[nodiscard]] page page_for(std::string_view method, std::string_view target, std::string_view host,
                            const status& source);

// Whether it is one of the pages that probes ask for, which are small and show that the process is alive.
[[nodiscard]] bool is_for_probes(std::string_view target);

// The answer to what is no request that is served: {"error":"…"}.
[[nodiscard]] page error_page(unsigned status, std::string_view reason);

}  // namespace gateway::admin
