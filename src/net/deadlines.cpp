#include "gateway/net/deadlines.hpp"

#include <time.h>

#include <algorithm>

namespace gateway::net {

namespace {

// The time of the kernel's last tick, a few milliseconds ago, at a fifth of what the time of now costs: a call sets six
// deadlines. Given as that of the next tick, so that no deadline is early.
steady_time about_now() noexcept {
    static const auto tick = [] {
        timespec length{};
        ::clock_getres(CLOCK_MONOTONIC_COARSE, &length);
        return std::chrono::nanoseconds(length.tv_nsec);
    }();
    timespec last{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &last);  // the clock of steady_clock, in libstdc++
    return steady_time(std::chrono::seconds(last.tv_sec) + std::chrono::nanoseconds(last.tv_nsec) + tick);
}

constexpr std::size_t most_queues = 16;  // before those that nobody waits in make room

}  // namespace

void deadline::set(milliseconds after) {
    unlink();
    expired_ = false;
    of_.add(*this, after);
}

void deadlines::add(deadline& what, milliseconds after) {
    auto same = std::find_if(queues_.begin(), queues_.end(), [&](const auto& q) { return q.length == after; });
    if (same == queues_.end()) {
        // A reload brings new lengths, and a share of a time is any length: those that nobody waits for make room.
        if (queues_.size() >= most_queues) std::erase_if(queues_, [](const auto& q) { return q.waiting.empty(); });
        same = queues_.emplace(queues_.end());
        same->length = after;
    }
    what.at_ = about_now() + after;
    same->waiting.push_back(what);
    if (what.at_ < wakes_at_ && !stopped_) sleep_until(what.at_);
}

void deadlines::expire(list& first_of) {
    deadline& due = first_of.front();
    due.unlink();
    due.expired_ = true;
    due.on_expiry_(due.argument_);
}

void deadlines::expire_all() {
    for (auto& q : queues_) {
        while (!q.waiting.empty())
            expire(q.waiting);
    }
}

void deadlines::stop() {
    stopped_ = true;
    timer_.cancel();
}

void deadlines::sleep_until(steady_time when) {
    wakes_at_ = when;
    timer_.expires_at(when);  // cancels the sleep before, whose handler then does nothing
    timer_.async_wait([this](const boost::system::error_code& ec) {
        if (!ec) wake();
    });
}

void deadlines::wake() {
    wakes_at_ = steady_time::max();
    const auto now = std::chrono::steady_clock::now();
    for (auto& q : queues_) {
        while (!q.waiting.empty() && q.waiting.front().at_ <= now) {
            expire(q.waiting);
        }
    }
    auto next = steady_time::max();
    for (const auto& q : queues_) {
        if (!q.waiting.empty()) next = std::min(next, q.waiting.front().at_);
    }
    if (next < wakes_at_ && !stopped_) sleep_until(next);
}

}  // namespace gateway::net
