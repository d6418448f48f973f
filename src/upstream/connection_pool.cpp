#include "connection_pool.hpp"

#include <utility>

#include "connection.hpp"

namespace gateway::upstream {

namespace {

// Shorter than the 60 s after which the cloud's front ends close an idle connection, so that few are found dead.
constexpr auto max_idle_time = std::chrono::seconds(50);

}  // namespace

connection_pool::connection_pool(config::endpoint target, std::size_t max_idle_connections,
                                 std::atomic<std::size_t>* open_counter)
    : endpoint(std::move(target)),
      authority(endpoint.authority()),
      max_idle(max_idle_connections),
      total_open(open_counter) {}

connection_pool::~connection_pool() = default;

std::unique_ptr<connection> connection_pool::take_idle() {
    while (!idle.empty()) {
        auto last = std::move(idle.back());
        idle.pop_back();
        last->idle_timer.clear();
        if (last->stream.is_reusable()) return last;
    }
    return nullptr;
}

void connection_pool::put(std::unique_ptr<connection> returned) {
    if (!waiters.empty()) {
        const auto next = std::move(waiters.front());
        waiters.pop_front();
        next->handed_over = std::move(returned);
        next->served.notify_all();
        return;
    }
    while (!idle.empty() && !idle.front()->stream.is_open())
        idle.pop_front();
    if (idle.size() >= max_idle) return;
    returned->idle_timer.set(max_idle_time);
    idle.push_back(std::move(returned));
}

bool connection_pool::let_next_open() {
    if (waiters.empty()) return false;
    const auto next = std::move(waiters.front());
    waiters.pop_front();
    next->may_open = true;
    next->served.notify_all();
    return true;
}

}  // namespace gateway::upstream
