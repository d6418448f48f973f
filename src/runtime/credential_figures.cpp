#include "credential_figures.hpp"

#include <algorithm>

namespace gateway::runtime {

std::vector<admin::reason> credential_reasons(const credential_statuses& statuses) {
    std::vector<admin::reason> reasons;
    for (const auto& one : statuses) {
        if (!one.reason.empty() && (!one.usable || one.refused))
            reasons.push_back({"credential", one.name, one.reason});
    }
    return reasons;
}

void add_credentials(admin::figures& all, const credential_statuses& statuses,
                     std::chrono::steady_clock::time_point now) {
    using trouble = admin::figures::trouble;
    for (const auto& one : statuses) {
        if (!one.reason.empty()) {
            const bool serves = one.usable && !(one.expires && *one.expires <= now);
            trouble& worst = all.troubles[one.name];
            worst = std::max(worst, serves ? trouble::old_one_serves : trouble::calls_fail);
        }
        auto& made = all.refreshes[one.name];
        made.succeeded += one.fetched;
        made.failed += one.failed;
        if (!one.expires) continue;
        const std::chrono::duration<double> left = *one.expires - now;
        const auto [known, fresh] = all.expiry.try_emplace(one.name, left);
        if (!fresh && left < known->second) known->second = left;
    }
}

}  // namespace gateway::runtime
