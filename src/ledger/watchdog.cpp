#include "gateway/ledger/watchdog.hpp"

#include <algorithm>
#include <utility>

namespace gateway::ledger {

namespace {

using clock = std::chrono::steady_clock;
constexpr std::size_t min_sweep = 1024;

}  // namespace

watchdog::watchdog(explain callback)
    : explain_(std::move(callback)),
      sweep_at_(min_sweep),
      next_(clock::time_point::max()),
      thread_([this] { run(); }) {}

watchdog::~watchdog() {
    {
        const std::lock_guard held(lock_);
        stop_ = true;
    }
    woken_.notify_one();
    thread_.join();
}

void watchdog::watch(std::shared_ptr<pending> request) {
    const std::lock_guard held(lock_);
    const auto deadline = request->deadline();
    watched_.push_back(std::move(request));
    if (watched_.size() >= sweep_at_) {
        std::erase_if(watched_, [](const auto& each) { return each->is_claimed(); });
        sweep_at_ = std::max(min_sweep, 2 * watched_.size());
    }
    if (deadline >= next_) return;
    next_ = deadline;
    woken_.notify_one();
}

// Those that nobody has answered; keeps the ones whose time comes, and when the first does.
std::vector<std::shared_ptr<pending>> watchdog::take_expired(clock::time_point now) {
    std::vector<std::shared_ptr<pending>> expired;
    next_ = clock::time_point::max();
    std::erase_if(watched_, [&](const auto& each) {
        if (each->is_claimed()) return true;
        if (each->deadline() > now) {
            next_ = std::min(next_, each->deadline());
            return false;
        }
        if (each->claim()) expired.push_back(each);
        return true;
    });
    return expired;
}

void watchdog::run() {
    std::unique_lock held(lock_);
    while (!stop_) {
        if (next_ == clock::time_point::max())
            woken_.wait(held);
        else
            woken_.wait_until(held, next_);
        const auto expired = take_expired(clock::now());
        if (expired.empty()) continue;
        held.unlock();
        const unavailable problem = explain_();
        for (const auto& each : expired)
            each->fail(problem);
        held.lock();
    }
}

}  // namespace gateway::ledger
