#pragma once
// How many calls there were for each API and each service, and how many at once.

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace simulator {

// Thread-safe. Has to outlive what `begin` gives.
class tally {
public:
    struct counts {
        unsigned long calls = 0, now = 0, at_once = 0;  // at_once: the greatest `now`
    };

    // A call that counts under these names begins; it ends with the last copy of what this gives.
    [[nodiscard]] std::shared_ptr<void> begin(std::vector<std::string> names) {
        const std::lock_guard held(lock_);
        for (const auto& name : names) {
            counts& c = by_name_[name];
            ++c.calls;
            c.at_once = std::max(c.at_once, ++c.now);
        }
        return {nullptr, [this, names = std::move(names)](void*) {
                    const std::lock_guard again(lock_);
                    for (const auto& name : names)
                        --by_name_[name].now;
                }};
    }
    [[nodiscard]] std::map<std::string, counts> all() const {
        const std::lock_guard held(lock_);
        return by_name_;
    }
    // Counts anew; calls that are under way still are.
    void forget() {
        const std::lock_guard held(lock_);
        for (auto& [name, c] : by_name_)
            c = {0, c.now, c.now};
    }

private:
    mutable std::mutex lock_;
    std::map<std::string, counts> by_name_;
};

}  // namespace simulator
