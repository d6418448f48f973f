#pragma once
// What the statuses of credentials say for readiness and for the figures of a scrape. Pure.

#include <chrono>
#include <vector>

#include "gateway/admin/metrics.hpp"
#include "gateway/admin/pages.hpp"
#include "gateway/credential_refresh/credential_refresher.hpp"

namespace gateway::runtime {

using credential_statuses = std::vector<credential_refresh::credential_status>;

// A reason for each that calls can't use, or that IAM or the cloud refuses.
[[nodiscard]] std::vector<admin::reason> credential_reasons(const credential_statuses& statuses);

// Adds troubles, refreshes and expiry. A token has a status for each project: of them the worst trouble, the sum of the
// refreshes and the first expiry.
void add_credentials(admin::figures& all, const credential_statuses& statuses,
                     std::chrono::steady_clock::time_point now);

}  // namespace gateway::runtime
