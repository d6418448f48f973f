#pragma once
// How the cloud takes a key. More than five refused signatures in a row lock an access key for five minutes, for
// everybody who uses it. So a key that the cloud has not accepted yet is tried by few calls at a time, and one that it
// refused three times in a row is rested. Refusals of one caller's calls alone may be the calls' own fault: they hold
// that caller back, and do not rest the key before another caller's call, or the gateway's own query, is refused too.
// While such queries get answers that tell nothing (429, 5xx), the caller is held back only so long: after three of
// them it may try once itself. Source: the vendor's FAQ, "AK access failed to reach the limit, forbidden".

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace gateway::credentials {

// Whose request was signed: a caller, or the gateway itself. Two callers in four thousand millions are taken for one.
enum class requester : std::uint32_t { nobody = 0, gateway = 1 };
[[nodiscard]] inline requester caller_named(std::string_view name) noexcept {
    return static_cast<requester>(static_cast<std::uint32_t>(std::hash<std::string_view>{}(name)) | 2U);
}

// The state of a key, and the rule as pure functions of it.
struct key_state {
    bool accepted = false;  // by the cloud, since the last refusal that counted
    unsigned trials = 0;    // calls under way with a key that is not accepted
    unsigned refusals = 0;  // in a row
    // The only one whose requests these were; `gateway` once they count: they were of two, or of the gateway itself.
    requester refused_only = requester::nobody;
    // How many of the gateway's own queries told nothing while that caller was held back. At `most_unknown_verdicts`
    // the caller may try once; one more stands for that it has.
    unsigned unknown_verdicts = 0;

    bool operator==(const key_state&) const = default;
};

inline constexpr unsigned most_refusals = 3;          // then the key rests
inline constexpr unsigned most_refusals_alone = 2;    // of one caller; then it waits for the gateway's own query
inline constexpr unsigned most_unknown_verdicts = 3;  // of that query; then that caller tries once more

enum class admission : std::uint8_t {
    free,   // use it
    trial,  // use it, and say end_trial() when that call is over, whatever it showed
    wait,   // others try it just now
    rested  // do not use it
};

[[nodiscard]] constexpr admission admission_of(const key_state& key, requester by) noexcept {
    const bool count = key.refused_only == requester::gateway;
    if (count && key.refusals >= most_refusals) return admission::rested;
    const bool alone = by != requester::gateway && (key.refused_only == by || key.refused_only == requester::nobody);
    if (alone && key.refusals >= most_refusals_alone)
        return key.unknown_verdicts == most_unknown_verdicts && key.trials == 0 ? admission::trial : admission::wait;
    if (key.accepted) return admission::free;
    // Refusals and open trials together stay within the limit, so that the last trial can't be one too many.
    if (key.refusals + key.trials >= (alone ? most_refusals_alone : most_refusals)) return admission::wait;
    return admission::trial;
}

[[nodiscard]] constexpr key_state after_refusal(key_state key, requester of) noexcept {
    // Calls that were under way may be refused beyond it; there is nothing more to count.
    key.refusals = std::min(key.refusals + 1, most_refusals);
    if (key.refused_only == requester::nobody)
        key.refused_only = of;
    else if (key.refused_only != of)
        key.refused_only = requester::gateway;
    if (key.unknown_verdicts == most_unknown_verdicts) ++key.unknown_verdicts;
    if (key.refused_only == requester::gateway) {
        key.accepted = false;
        key.unknown_verdicts = 0;
    }
    return key;
}

// The gateway's own query about one caller's refusals got an answer that tells nothing of the key.
[[nodiscard]] constexpr key_state after_unknown_verdict(key_state key) noexcept {
    const bool asked = key.refused_only > requester::gateway && key.refusals >= most_refusals_alone;
    if (asked && key.unknown_verdicts < most_unknown_verdicts) ++key.unknown_verdicts;
    return key;
}

[[nodiscard]] constexpr key_state after_acceptance(key_state key) noexcept {
    return {.accepted = true, .trials = key.trials};
}

// What a refusal leads to.
enum class consequence : std::uint8_t {
    none,
    query,  // the gateway tries the key with a query of its own
    rest    // the key is used no more until accepted()
};

[[nodiscard]] constexpr consequence consequence_of(const key_state& before, const key_state& after) noexcept {
    const auto reached = [](const key_state& key) {
        if (key.refused_only == requester::gateway)
            return key.refusals >= most_refusals ? consequence::rest : consequence::none;
        return key.refusals >= most_refusals_alone ? consequence::query : consequence::none;
    };
    return reached(after) == reached(before) ? consequence::none : reached(after);
}

// Shared by all workers; any thread. A key in good standing costs a call one load of a word that nobody writes.
class standing {
public:
    // `proven`: the cloud made this key itself a moment ago, so it need not be tried first.
    explicit standing(bool proven) noexcept : word_(pack({.accepted = proven})) {}

    // Accepted, and nothing refused since.
    [[nodiscard]] bool is_good() const noexcept { return (word_.load(std::memory_order_relaxed) & ~trials) == good; }
    [[nodiscard]] admission admit(requester by) noexcept {
        for (std::uint64_t seen = word_.load(std::memory_order_relaxed);;) {
            const admission given = admission_of(unpack(seen), by);
            if (given != admission::trial || word_.compare_exchange_weak(seen, seen + one_trial)) return given;
        }
    }
    // After the refusal, if there was one, has been counted.
    void end_trial() noexcept { word_.fetch_sub(one_trial); }

    // The cloud took a signature of this key. True when it was rested, which whoever rested it has to know.
    bool accepted() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while ((seen & ~trials) != good) {
            if (word_.compare_exchange_weak(seen, pack(after_acceptance(unpack(seen)))))
                return admission_of(unpack(seen), requester::gateway) == admission::rested;
        }
        return false;
    }
    // The cloud refused one. Each consequence is told once, to the one whose refusal was the one too many.
    [[nodiscard]] consequence refused(requester of) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        for (;;) {
            const key_state before = unpack(seen), after = after_refusal(before, of);
            if (word_.compare_exchange_weak(seen, pack(after))) return consequence_of(before, after);
        }
    }
    // The gateway's own query told nothing.
    void note_unknown_verdict() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (!word_.compare_exchange_weak(seen, pack(after_unknown_verdict(unpack(seen))))) {
        }
    }
    [[nodiscard]] bool is_rested() const noexcept {
        return admission_of(unpack(word_.load()), requester::gateway) == admission::rested;
    }
    // Whether refusals of one caller's calls wait for the gateway's own query.
    [[nodiscard]] bool is_doubted() const noexcept {
        return consequence_of({}, unpack(word_.load())) == consequence::query;
    }

private:
    // One word, so that a refusal and an acceptance at the same time leave a state that is one or the other.
    static constexpr std::uint64_t good = std::uint64_t{1} << 63U, one_verdict = std::uint64_t{1} << 59U,
                                   one_refusal = std::uint64_t{1} << 56U, one_trial = std::uint64_t{1} << 32U,
                                   trials = one_refusal - one_trial;
    static constexpr std::uint64_t pack(const key_state& key) noexcept {
        return (key.accepted ? good : 0) | key.unknown_verdicts * one_verdict | key.refusals * one_refusal |
               key.trials * one_trial | static_cast<std::uint32_t>(key.refused_only);
    }
    static constexpr key_state unpack(std::uint64_t word) noexcept {
        return {.accepted = (word & good) != 0,
                .trials = static_cast<unsigned>((word & trials) / one_trial),
                .refusals = static_cast<unsigned>(word % one_verdict / one_refusal),
                .refused_only = static_cast<requester>(static_cast<std::uint32_t>(word)),
                .unknown_verdicts = static_cast<unsigned>((word & ~good) / one_verdict)};
    }

    std::atomic<std::uint64_t> word_;
};

}  // namespace gateway::credentials
