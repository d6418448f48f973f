#pragma once
// What the process shows of itself on the admin listener: gathered from its parts when somebody asks.

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "gateway/admin/overview.hpp"
#include "gateway/outcome/journal.hpp"
#include "gateway/pipeline/snapshot.hpp"
#include "gateway/renewal/keeper.hpp"
#include "worker.hpp"

namespace gateway::runtime {

// The process as it is at this moment; on its own thread.
struct outlook {
    const pipeline::snapshot& in_force;
    const std::deque<worker>& workers;
    const renewal::keeper& keeper;
    const outcome::journal& journal;
    const http::usage& used;  // by callers
    std::size_t cloud_connections;
    admin::figures::tries reloads;
    std::chrono::system_clock::time_point started, loaded;
    bool ending;
};

// Why calls can't be served, or not all of them.
[[nodiscard]] std::vector<admin::reason> not_ready(const outlook& at);

[[nodiscard]] admin::figures figures_of(const outlook& at);
[[nodiscard]] admin::overview overview_of(const outlook& at);

// JSON: which file is in force, and each value of it with where it came from; no secret.
[[nodiscard]] std::string configuration_of(const outlook& at);

}  // namespace gateway::runtime
