#pragma once
// How long a connection waits for its next request.

#include <chrono>

#include "gateway/config/settings.hpp"

namespace gateway::http {

struct connection_state {
    bool idle;      // no byte of the request is there
    bool first;     // it is the first of its connection
    bool draining;  // the worker is
};

// An idle connection's, while its worker drains: its caller may have sent a request already. Long beside the way
// through a network, short beside a drain.
inline constexpr auto late_request_time = std::chrono::milliseconds(500);

// From the end of the request before, or from the connection's begin.
[[nodiscard]] constexpr std::chrono::milliseconds request_time(const config::timeouts& timeouts,
                                                               connection_state state) noexcept {
    if (state.idle && state.draining) return late_request_time;
    return state.idle && !state.first ? timeouts.idle : timeouts.request_header;
}

}  // namespace gateway::http
