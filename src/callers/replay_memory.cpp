#include "replay_memory.hpp"

#include <algorithm>

namespace gateway::callers {

void accepted_signatures::forget_oldest() {
    const auto oldest = by_date_.begin();
    floor_ = std::max(floor_, oldest->first);
    size_ -= oldest->second.size();
    by_date_.erase(oldest);
}

replay_status accepted_signatures::accept(std::uint64_t signature, std::chrono::sys_seconds date,
                                          std::chrono::sys_seconds now, std::chrono::seconds window) {
    const std::lock_guard lock(mutex_);
    // Each call adds one second at most and removes up to two, so the lock is never held for long.
    for (int i = 0; i < 2 && !by_date_.empty() && by_date_.begin()->first + window < now; ++i)
        forget_oldest();
    if (date <= floor_) return replay_status::too_old;
    const auto same_date = by_date_.find(date);
    if (same_date != by_date_.end() && same_date->second.contains(signature)) return replay_status::replayed;
    while (size_ >= bound_) {
        if (by_date_.empty() || date <= by_date_.begin()->first) {
            // The second to forget is this one or a later one: the floor rises to it, and this one is refused.
            while (!by_date_.empty() && by_date_.begin()->first <= date)
                forget_oldest();
            floor_ = std::max(floor_, date);
            return replay_status::too_old;
        }
        forget_oldest();
    }
    by_date_[date].insert(signature);
    ++size_;
    return replay_status::first_use;
}

std::shared_ptr<accepted_signatures> replay_memory::signatures_of(std::string_view access_key) {
    const std::lock_guard lock(mutex_);
    std::erase_if(by_access_key_, [](const auto& entry) { return entry.second.expired(); });
    const auto found = by_access_key_.find(access_key);
    if (found != by_access_key_.end()) {
        if (auto known = found->second.lock()) return known;
    }
    auto made = std::make_shared<accepted_signatures>();
    by_access_key_.insert_or_assign(std::string(access_key), made);
    return made;
}

std::shared_ptr<replay_memory> make_replay_memory() { return std::make_shared<replay_memory>(); }

}  // namespace gateway::callers
