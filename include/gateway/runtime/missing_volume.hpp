#pragma once
// Whether a ledger in a file outlives the pod that the process is in.

#include <string>

#include "gateway/config/settings.hpp"

namespace gateway::runtime {

// Why it would not; empty where it may, and outside a pod.
[[nodiscard]] std::string find_missing_volume(const config::settings& settings);

}  // namespace gateway::runtime
