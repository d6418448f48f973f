#pragma once
// How long a call waits until the servers of a rule's rate suffice for it. Pure: the stores read what counts.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

// A change that counts for a rate.
struct counted_change {
    std::int64_t number = 0;
    instant begun;
    std::int64_t servers = 0;
};

// The seconds after which the request's servers fit into its rate, 1 to all of the span; nothing when they do now.
// `request.rate` is set. `newest_first`: those of its caller and rule; what began before the span does not matter.
[[nodiscard]] std::optional<std::chrono::seconds> find_rate_delay(std::span<const counted_change> newest_first,
                                                                  const change_request& request);

}  // namespace gateway::ledger
