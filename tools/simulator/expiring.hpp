#pragma once
// Things that have a name and an end. There is room for so many; what is over goes when something new comes, though not
// at once: for an hour it can still be told from what never was.

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace simulator {

template <class T>
class expiring {
public:
    using time = std::chrono::system_clock::time_point;

    struct entry {
        T what;
        time until;
        bool revoked = false;
    };

    explicit expiring(std::size_t most) : most_(most) {}

    // When there is no room, what ends first goes.
    void add(const std::string& name, T what, time until, time now) {
        while (!by_end_.empty() && (entries_.size() >= most_ || by_end_.begin()->first < now - std::chrono::hours(1))) {
            entries_.erase(entries_.find(*by_end_.begin()->second));
            by_end_.erase(by_end_.begin());
        }
        const auto [at, fresh] = entries_.try_emplace(name, entry{std::move(what), until});
        if (fresh) by_end_.emplace(until, &at->first);
    }

    // Also what is over or revoked; nullptr when there is none of that name.
    [[nodiscard]] const entry* find(const std::string& name) const {
        const auto found = entries_.find(name);
        return found == entries_.end() ? nullptr : &found->second;
    }

    void revoke_all() {
        for (auto& [name, of] : entries_)
            of.revoked = true;
    }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    std::size_t most_;
    std::unordered_map<std::string, entry> entries_;
    std::multimap<time, const std::string*> by_end_;  // the names are the keys of entries_, which stay where they are
};

}  // namespace simulator
