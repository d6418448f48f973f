#include "descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace gateway::runtime {

namespace {

constexpr std::size_t per_process = 16;  // standard streams, the outcome log, event queues, signals
constexpr std::size_t per_worker = 4;    // an event queue, its wake-up, name look-ups
constexpr std::size_t per_listener = 2;  // for each worker: its socket, and its copy

}  // namespace

std::size_t raise_descriptor_limit() noexcept {
    rlimit both{};
    if (::getrlimit(RLIMIT_NOFILE, &both) != 0) return per_process;
    if (both.rlim_cur < both.rlim_max) {
        const rlimit raised{.rlim_cur = both.rlim_max, .rlim_max = both.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) both = raised;
    }
    return static_cast<std::size_t>(both.rlim_cur);
}

std::size_t connections_within(std::size_t limit, std::size_t workers, std::size_t listeners) noexcept {
    const std::size_t own = per_process + workers * (per_worker + per_listener * listeners);
    const std::size_t left = limit > own ? limit - own : 0;
    return std::max<std::size_t>(left * 3 / 8, 1);
}

std::string shortage(std::size_t limit, std::size_t available, const config::limits& wanted) {
    if (available >= wanted.connections) return {};
    return "the limit of " + std::to_string(limit) + " open files leaves room for " + std::to_string(available) +
           " connections of callers, and limits.connections is " + std::to_string(wanted.connections) +
           ": raise it (LimitNOFILE= of a unit, `ulimit -n`, --ulimit of a container), or lower limits.connections";
}

}  // namespace gateway::runtime
