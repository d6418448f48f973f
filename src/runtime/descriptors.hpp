#pragma once
// File descriptors: how many there are, and how many of them callers may take.

#include <cstddef>
#include <string>

#include "gateway/config/settings.hpp"

namespace gateway::runtime {

// Raises the soft limit to the hard one (getrlimit(2), RLIMIT_NOFILE): the soft one is small for programs that call
// select(2), which this is not. What it is then.
std::size_t raise_descriptor_limit() noexcept;

// How many connections of callers may be open where `limit` descriptors are. Each may have a call under way, which
// needs a connection to the cloud besides: so of what the process does not need for itself, three eighths are for
// callers and as many for the cloud. The last quarter is for connections that get a 503 (an eighth of the callers at
// most, http::server), idle connections to the cloud, the admin listener and the files that a reload opens.
[[nodiscard]] std::size_t connections_within(std::size_t limit, std::size_t workers, std::size_t listeners) noexcept;

// A sentence for the operator where that is fewer than limits.connections; empty where all is well.
[[nodiscard]] std::string shortage(std::size_t limit, std::size_t available, const config::limits& wanted);

}  // namespace gateway::runtime
