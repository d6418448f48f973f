#pragma once

#include <cstddef>

namespace gateway::runtime {

// How many cores this process may use, at least 1: those of its affinity mask, and no more than its control group's
// quota (cpu.max of cgroup v2) pays for, as a container's limit is one.
[[nodiscard]] std::size_t usable_cores();

}  // namespace gateway::runtime
