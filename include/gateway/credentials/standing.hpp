#pragma once
// How the cloud takes a key. More than five refused signatures in a row lock an access key for five minutes, for
// everybody who uses it. So a key that the cloud has not accepted yet is tried by few calls at a time, and one that it
// refused three times in a row is rested. Source: the vendor's FAQ, "AK access failed to reach the limit, forbidden".

#include <atomic>
#include <cstdint>

namespace gateway::credentials {

// Shared by all workers; any thread. A key in good standing costs a call one load of a word that nobody writes.
class standing {
public:
    // `proven`: the cloud made this key itself a moment ago, so it need not be tried first.
    explicit standing(bool proven) noexcept : state_(proven ? good : 0) {}

    static constexpr unsigned most_refusals = 3;

    enum class admission : std::uint8_t {
        free,   // use it
        trial,  // use it, and say end_trial() when that call is over, whatever it showed
        wait,   // others try it just now
        rested  // do not use it
    };
    [[nodiscard]] admission admit() noexcept {
        // Refusals and open trials together stay within the limit, so that the last trial can't be one too many.
        for (std::uint32_t seen = state_.load(std::memory_order_relaxed);;) {
            if ((seen & good) != 0) return admission::free;
            if (refusals_of(seen) >= most_refusals) return admission::rested;
            if (refusals_of(seen) + trials_of(seen) >= most_refusals) return admission::wait;
            if (state_.compare_exchange_weak(seen, seen + one_trial)) return admission::trial;
        }
    }
    // After the refusal, if there was one, has been counted.
    void end_trial() noexcept { state_.fetch_sub(one_trial); }

    // The cloud took a signature of this key.
    void accepted() noexcept {
        std::uint32_t seen = state_.load(std::memory_order_relaxed);
        while ((seen & good) == 0 && !state_.compare_exchange_weak(seen, (seen & trials) | good)) {
        }
    }
    // The cloud refused one. True when it is the one too many: from now on the key rests until accepted().
    [[nodiscard]] bool refused() noexcept {
        std::uint32_t seen = state_.load(std::memory_order_relaxed);
        // Beyond most_refusals there is nothing to count: calls that were under way.
        std::uint32_t next = 0;
        do {
            next = (seen & ~good) + (refusals_of(seen) <= most_refusals ? 1 : 0);
        } while (!state_.compare_exchange_weak(seen, next));
        return refusals_of(seen) + 1 == most_refusals;
    }
    [[nodiscard]] bool is_rested() const noexcept { return refusals_of(state_.load()) >= most_refusals; }

private:
    // One word, so that a refusal and an acceptance at the same time leave a state that is one or the other:
    // whether it is good, calls under way with a key that is not, refusals in a row (none while it is good).
    static constexpr std::uint32_t good = 1U << 31U, one_trial = 1U << 8U, trials = good - one_trial;
    static constexpr unsigned refusals_of(std::uint32_t state) noexcept { return state & (one_trial - 1); }
    static constexpr unsigned trials_of(std::uint32_t state) noexcept { return (state & trials) / one_trial; }

    std::atomic<std::uint32_t> state_;
};

}  // namespace gateway::credentials
