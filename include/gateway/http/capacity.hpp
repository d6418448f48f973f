#pragma once
// How many connections of callers there may be at once.

#include <algorithm>
#include <cstddef>

namespace gateway::http {

struct capacity {
    std::size_t served;    // beyond it a connection is answered 503 and closed
    std::size_t answered;  // beyond it, closed without an answer
};

// `limit`: limits.connections. `max_connections`: for which there are file descriptors, of which an eighth more is kept
// for answers of 503 (usage::max_connections).
[[nodiscard]] constexpr capacity capacity_of(std::size_t limit, std::size_t max_connections) noexcept {
    constexpr std::size_t max_rejected = 1024;
    return {.served = std::min(limit, max_connections),
            .answered = std::min(limit + max_rejected, max_connections + max_connections / 8)};
}

}  // namespace gateway::http
