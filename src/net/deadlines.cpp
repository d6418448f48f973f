#include "gateway/net/deadlines.hpp"

#include <algorithm>

namespace gateway::net {

namespace {

constexpr std::size_t max_queues = 16;  // beyond it, those that nobody waits in are removed

}  // namespace

void deadline::set(milliseconds timeout) {
    unlink();
    expired_ = false;
    owner_.add(*this, timeout);
}

void deadlines::add(deadline& entry, milliseconds timeout) {
    queue& same = queue_of(timeout);
    // A call sets three deadlines, so they go by the time of ticks: that of the next one, so that none is early.
    entry.due_ = tick::last() + tick::length() + timeout;
    same.waiting.push_back(entry);
    first_ = std::min(first_, entry.due_);
}

deadlines::queue& deadlines::queue_of(milliseconds length) {
    for (const auto& each : queues_) {
        if (each->length == length) return *each;
    }
    // A reload brings new lengths, and a share of a time is any length: those that nobody waits in are removed.
    if (queues_.size() >= max_queues) std::erase_if(queues_, [](const auto& q) { return q->waiting.empty(); });
    queues_.push_back(std::make_unique<queue>());
    queues_.back()->length = length;
    return *queues_.back();
}

void deadlines::expire(list& waiting) {
    deadline& due = waiting.front();
    due.unlink();
    due.expired_ = true;
    due.on_expiry_(due.argument_);
}

void deadlines::expire_now() {
    for (const auto& q : queues_) {
        while (!q->waiting.empty())
            expire(q->waiting);
    }
}

milliseconds deadlines::left() const {
    if (first_ == steady_time::max()) return milliseconds::max();
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(first_ - tick::last()));
}

void deadlines::expire_due(bool slept) {
    if (first_ == steady_time::max() || (!slept && tick::last() < first_)) return;
    const auto now = std::chrono::steady_clock::now();
    first_ = steady_time::max();
    for (const auto& q : queues_) {
        while (!q->waiting.empty() && q->waiting.front().due_ <= now)
            expire(q->waiting);
        if (!q->waiting.empty()) first_ = std::min(first_, q->waiting.front().due_);
    }
}

}  // namespace gateway::net
