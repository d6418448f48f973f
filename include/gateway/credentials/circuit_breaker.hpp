#pragma once
// The circuit breaker of a key. More than five refused signatures in a row lock an access key for five minutes, for
// everybody who uses it. So only few calls at a time probe a key that the cloud has not accepted yet, and the breaker
// opens after three refusals in a row. Refusals of one caller's calls alone may be the fault of the calls: they stop
// that caller, and open the breaker only when another caller's call, or the gateway's own query, is refused too. When
// three such queries had an unknown result (429, 5xx), the caller may send one call itself. Source: the vendor's FAQ,
// "AK access failed to reach the limit, forbidden".

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace gateway::credentials {

// Whose request was signed: a caller, or the gateway itself. A hash of 32 bits: two callers in four thousand million
// may be treated as one.
enum class requester : std::uint32_t { nobody = 0, gateway = 1 };
[[nodiscard]] inline requester caller_named(std::string_view name) noexcept {
    return static_cast<requester>(static_cast<std::uint32_t>(std::hash<std::string_view>{}(name)) | 2U);
}

// The state of a key, and the rule as pure functions of it.
struct key_state {
    bool accepted = false;  // by the cloud, since the last refusal that counted
    unsigned probes = 0;    // calls in progress with a key that is not accepted
    unsigned refusals = 0;  // in a row
    // The one requester whose requests were refused; `gateway` when there were two, or the gateway itself: then the
    // refusals count against the key.
    requester sole_requester = requester::nobody;
    // Of the gateway's own queries, those with an unknown result while that caller waits. At the maximum the caller may
    // send one call; one more says that it has.
    unsigned unknown_results = 0;

    bool operator==(const key_state&) const = default;
};

inline constexpr unsigned max_refusals = 3;         // then the breaker opens
inline constexpr unsigned max_refusals_alone = 2;   // of one caller, who then waits for the gateway's own query
inline constexpr unsigned max_unknown_results = 3;  // of that query; then that caller may send one call

enum class admission : std::uint8_t {
    allowed,  // use it
    probe,    // use it, and call end_probe() when the call has ended
    wait,     // other calls probe it now
    blocked   // do not use it
};

[[nodiscard]] constexpr admission admission_of(const key_state& key, requester sender) noexcept {
    const bool refusals_count = key.sole_requester == requester::gateway;
    if (refusals_count && key.refusals >= max_refusals) return admission::blocked;
    const bool is_sole_requester =
        sender != requester::gateway && (key.sole_requester == sender || key.sole_requester == requester::nobody);
    if (is_sole_requester && key.refusals >= max_refusals_alone)
        return key.unknown_results == max_unknown_results && key.probes == 0 ? admission::probe : admission::wait;
    if (key.accepted) return admission::allowed;
    // Refusals and probes in progress together stay within the limit, so that no probe can exceed it.
    if (key.refusals + key.probes >= (is_sole_requester ? max_refusals_alone : max_refusals)) return admission::wait;
    return admission::probe;
}

[[nodiscard]] constexpr key_state after_refusal(key_state key, requester sender) noexcept {
    // Calls that were in progress may be refused after the limit is reached; they are not counted.
    key.refusals = std::min(key.refusals + 1, max_refusals);
    if (key.sole_requester == requester::nobody)
        key.sole_requester = sender;
    else if (key.sole_requester != sender)
        key.sole_requester = requester::gateway;
    if (key.unknown_results == max_unknown_results) ++key.unknown_results;
    if (key.sole_requester == requester::gateway) {
        key.accepted = false;
        key.unknown_results = 0;
    }
    return key;
}

// The gateway's own query after one caller's refusals had a response that says nothing of the key.
[[nodiscard]] constexpr key_state after_unknown_result(key_state key) noexcept {
    const bool is_waiting = key.sole_requester > requester::gateway && key.refusals >= max_refusals_alone;
    if (is_waiting && key.unknown_results < max_unknown_results) ++key.unknown_results;
    return key;
}

[[nodiscard]] constexpr key_state after_acceptance(key_state key) noexcept {
    return {.accepted = true, .probes = key.probes};
}

// The consequence of a refusal.
enum class consequence : std::uint8_t {
    none,
    verify,  // the gateway verifies the key with a query of its own
    open     // no call uses the key until on_accepted()
};

[[nodiscard]] constexpr consequence consequence_of(const key_state& before, const key_state& after) noexcept {
    const auto state_consequence = [](const key_state& key) {
        if (key.sole_requester == requester::gateway)
            return key.refusals >= max_refusals ? consequence::open : consequence::none;
        return key.refusals >= max_refusals_alone ? consequence::verify : consequence::none;
    };
    return state_consequence(after) == state_consequence(before) ? consequence::none : state_consequence(after);
}

// Shared by all workers; any thread. An accepted key costs a call one load of a word that nobody writes.
class circuit_breaker {
public:
    // `proven`: the cloud has just issued this key, so it needs no probe.
    explicit circuit_breaker(bool proven) noexcept : word_(pack({.accepted = proven})) {}

    // Accepted, and nothing refused since.
    [[nodiscard]] bool is_good() const noexcept { return (word_.load(std::memory_order_relaxed) & ~probes) == good; }
    [[nodiscard]] admission admit(requester sender) noexcept {
        for (std::uint64_t seen = word_.load(std::memory_order_relaxed);;) {
            const admission given = admission_of(unpack(seen), sender);
            if (given != admission::probe || word_.compare_exchange_weak(seen, seen + one_probe)) return given;
        }
    }
    // Call it after on_refused(), if the probe was refused.
    void end_probe() noexcept { word_.fetch_sub(one_probe); }

    // The cloud accepted a signature of this key. True when the breaker was open: then report it to the provider.
    bool on_accepted() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while ((seen & ~probes) != good) {
            if (word_.compare_exchange_weak(seen, pack(after_acceptance(unpack(seen)))))
                return admission_of(unpack(seen), requester::gateway) == admission::blocked;
        }
        return false;
    }
    // The cloud refused one. Each consequence is returned once, to the caller whose refusal reached the limit.
    [[nodiscard]] consequence on_refused(requester sender) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        for (;;) {
            const key_state before = unpack(seen), after = after_refusal(before, sender);
            if (word_.compare_exchange_weak(seen, pack(after))) return consequence_of(before, after);
        }
    }
    // The gateway's own query had an unknown result.
    void on_unknown_result() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (!word_.compare_exchange_weak(seen, pack(after_unknown_result(unpack(seen))))) {
        }
    }
    [[nodiscard]] bool is_open() const noexcept {
        return admission_of(unpack(word_.load()), requester::gateway) == admission::blocked;
    }
    // Whether one caller's calls were refused and wait for the gateway's own query.
    [[nodiscard]] bool awaits_verification() const noexcept {
        return consequence_of({}, unpack(word_.load())) == consequence::verify;
    }

private:
    // One word, so that a refusal and an acceptance at the same time leave one of the two states.
    static constexpr std::uint64_t good = std::uint64_t{1} << 63U, one_unknown_result = std::uint64_t{1} << 59U,
                                   one_refusal = std::uint64_t{1} << 56U, one_probe = std::uint64_t{1} << 32U,
                                   probes = one_refusal - one_probe;
    static constexpr std::uint64_t pack(const key_state& key) noexcept {
        return (key.accepted ? good : 0) | key.unknown_results * one_unknown_result | key.refusals * one_refusal |
               key.probes * one_probe | static_cast<std::uint32_t>(key.sole_requester);
    }
    static constexpr key_state unpack(std::uint64_t word) noexcept {
        return {.accepted = (word & good) != 0,
                .probes = static_cast<unsigned>((word & probes) / one_probe),
                .refusals = static_cast<unsigned>(word % one_unknown_result / one_refusal),
                .sole_requester = static_cast<requester>(static_cast<std::uint32_t>(word)),
                .unknown_results = static_cast<unsigned>((word & ~good) / one_unknown_result)};
    }

    std::atomic<std::uint64_t> word_;
};

}  // namespace gateway::credentials
