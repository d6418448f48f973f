#pragma once
// Remembers accepted signatures for as long as their date is within the window, so that each is accepted once.
//
// Bounded for each caller: when a caller's memory is full, the oldest second of it is forgotten and the caller's floor
// rises to that second; a date at or below the floor is refused. So no replay is ever accepted, and the only one who
// pays, with a shorter window, is the caller who floods. What merely grew too old raises the floor as well: should the
// clock be set back, what was forgotten does not come to life again.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/callers/directory.hpp"

namespace gateway::callers {

enum class remembered : std::uint8_t { as_new, seen_before, too_old };

// The signatures of one key pair.
class accepted_signatures {
public:
    // 131,072 take about 2.5 MB and let a caller sign 145 calls a second, all the time, before 15 minutes shrink.
    static constexpr std::size_t usual_bound = 131'072;

    explicit accepted_signatures(std::size_t bound = usual_bound) : bound_(bound) {}

    // `signature` is 64 bits of it: a chance hit refuses one call in 2^64 / 131,072 and accepts none wrongly.
    [[nodiscard]] remembered accept(std::uint64_t signature, std::chrono::sys_seconds date,
                                    std::chrono::sys_seconds now, std::chrono::seconds window);

private:
    // Signatures are as good as random already.
    struct as_it_is {
        using is_avalanching = void;
        std::size_t operator()(std::uint64_t signature) const noexcept { return signature; }
    };
    // By second, so that a second is forgotten in one go, and a signature is only looked for among those of its date.
    using seconds_of_signatures =
        std::map<std::chrono::sys_seconds, boost::unordered_flat_set<std::uint64_t, as_it_is>>;

    void forget_oldest();

    std::mutex mutex_;  // held for one look-up
    seconds_of_signatures by_date_;
    std::size_t size_ = 0;
    const std::size_t bound_;
    std::chrono::sys_seconds floor_ = std::chrono::sys_seconds::min();
};

class replay_memory {
public:
    // The signatures of that access key. They are remembered while some directory holds them: one that replaces
    // another is loaded first, and gets the same.
    [[nodiscard]] std::shared_ptr<accepted_signatures> of(std::string_view access_key);

private:
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<accepted_signatures>, std::less<>> by_access_key_;
};

}  // namespace gateway::callers
