#pragma once
// The state of the process that the admin listener shows: read from its parts at each request.

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "gateway/admin/overview.hpp"
#include "gateway/credential_refresh/credential_refresher.hpp"
#include "gateway/follow/follower.hpp"
#include "gateway/ledger/gateway_ledger.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "gateway/pipeline/snapshot.hpp"
#include "ledger_watch.hpp"
#include "worker.hpp"

namespace gateway::runtime {

// The process as it is at this moment; on its own thread.
struct process_status {
    const pipeline::snapshot& snapshot;
    const std::deque<worker>& workers;
    const credential_refresh::credential_refresher& refresher;
    const follow::follower& follower;
    const outcome::outcome_log& outcome_log;
    ledger::gateway_ledger& ledger;
    ledger_watch& in_ledger;
    const http::usage& used;  // by callers
    std::size_t cloud_connections;
    admin::figures::tries reloads;
    std::chrono::system_clock::time_point started, loaded;
    bool ending;
};

// Why calls can't be served, or not all of them.
[[nodiscard]] std::vector<admin::reason> not_ready(const process_status& status);
// Why changes are refused, while queries are served.
[[nodiscard]] std::vector<admin::reason> degraded(const process_status& status);

[[nodiscard]] admin::figures figures_of(const process_status& status);
[[nodiscard]] admin::overview overview_of(const process_status& status);

// JSON: which file is in force, and each value of it with where it came from; no secret.
[[nodiscard]] std::string configuration_of(const process_status& status);

}  // namespace gateway::runtime
