#include "cores.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace gateway::runtime {

std::size_t usable_cores() {
    std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    cpu_set_t mask;
    if (::sched_getaffinity(0, sizeof mask, &mask) == 0)
        cores = static_cast<std::size_t>(std::max(1, CPU_COUNT(&mask)));
    std::ifstream file("/sys/fs/cgroup/cpu.max");  // "200000 100000" or "max 100000", in microseconds
    std::size_t quota = 0, period = 0;
    if (file >> quota >> period && quota > 0 && period > 0) cores = std::min(cores, (quota + period - 1) / period);
    return std::max<std::size_t>(1, cores);
}

}  // namespace gateway::runtime
