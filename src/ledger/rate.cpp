#include "gateway/ledger/rate.hpp"

#include <algorithm>

namespace gateway::ledger {

std::optional<std::chrono::seconds> find_rate_delay(std::span<const counted_change> newest_first,
                                                    const change_request& request) {
    const rate_limit& rate = *request.rate;
    auto left = rate.calls - static_cast<std::int64_t>(request.server_ids.size());
    if (left < 0) return rate.per;  // never, but there is no number for that
    for (const counted_change& each : newest_first) {
        if (each.begun <= request.begun - rate.per) break;
        left -= each.servers;
        // This one and all before it have to fall out of the span.
        if (left < 0) {
            const auto wait = std::chrono::ceil<std::chrono::seconds>(each.begun + rate.per - request.begun);
            return std::clamp<std::chrono::seconds>(wait, std::chrono::seconds(1), rate.per);
        }
    }
    return std::nullopt;
}

}  // namespace gateway::ledger
