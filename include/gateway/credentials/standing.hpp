#pragma once
// How the cloud takes a key. More than five refused signatures in a row lock an access key for five minutes, for
// everybody who uses it, even for correct calls. So a key that the cloud has not accepted yet is tried by few calls at
// a time, and one that it refused three times in a row is rested. Source: the vendor's FAQ, "AK access failed to reach
// the limit, forbidden".

#include <atomic>
#include <cstdint>

namespace gateway::credentials {

// Shared by all workers; any thread. A key in good standing costs a call one load of a byte that nobody writes.
class standing {
public:
    // `proven`: the cloud made this key itself a moment ago, so it need not be tried first.
    explicit standing(bool proven) noexcept : proven_(proven) {}

    static constexpr unsigned most_refusals = 3;

    enum class admission : std::uint8_t {
        free,   // use it
        trial,  // use it, and say end_trial() when that call is over, whatever it showed
        wait,   // others try it just now
        rested  // do not use it
    };
    [[nodiscard]] admission admit() noexcept {
        if (proven_.load(std::memory_order_relaxed)) return admission::free;
        return try_it();
    }
    void end_trial() noexcept { trials_.fetch_sub(1); }

    // The cloud took a signature of this key.
    void accepted() noexcept {
        if (proven_.load(std::memory_order_relaxed)) return;
        refusals_.store(0);
        proven_.store(true);
    }
    // The cloud refused one. True when it is the one too many: from now on the key rests until accepted().
    [[nodiscard]] bool refused() noexcept {
        proven_.store(false);
        return refusals_.fetch_add(1) + 1 == most_refusals;
    }
    [[nodiscard]] bool is_rested() const noexcept { return !proven_.load() && refusals_.load() >= most_refusals; }

private:
    admission try_it() noexcept {
        // Refusals and open trials together stay within the limit, so that the last trial can't be one too many.
        for (unsigned open = trials_.load();;) {
            const unsigned refused = refusals_.load();
            if (refused >= most_refusals) return admission::rested;
            if (open + refused >= most_refusals) return admission::wait;
            if (trials_.compare_exchange_weak(open, open + 1)) return admission::trial;
        }
    }

    std::atomic<bool> proven_;
    std::atomic<unsigned> refusals_{0};  // in a row
    std::atomic<unsigned> trials_{0};    // calls under way with a key that is not proven
};

}  // namespace gateway::credentials
