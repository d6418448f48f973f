#pragma once
// Remembers accepted signatures for as long as their date is within the window, so that each is accepted once.
//
// Bounded for each caller: when a caller's memory is full, the oldest second of it is forgotten and the caller's floor
// rises to that second; a date at or below the floor is refused. So no replay is ever accepted, and only the caller who
// floods gets a shorter window. Signatures that are too old raise the floor as well: when the clock is set back,
// forgotten ones stay refused.

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

enum class replay_status : std::uint8_t { first_use, replayed, too_old };

// The signatures of one key pair.
class accepted_signatures {
public:
    // 131,072 take about 2.5 MB and allow 145 signed calls a second, all the time, in a window of 15 minutes.
    static constexpr std::size_t default_bound = 131'072;

    explicit accepted_signatures(std::size_t bound = default_bound) : bound_(bound) {}

    // `signature` is 64 bits of it: a collision refuses one call in 2^64 / 131,072 and accepts none wrongly.
    [[nodiscard]] replay_status accept(std::uint64_t signature, std::chrono::sys_seconds date,
                                       std::chrono::sys_seconds now, std::chrono::seconds window);

private:
    // Signatures are as good as random.
    struct trivial_hash {
        using is_avalanching = void;
        std::size_t operator()(std::uint64_t signature) const noexcept { return signature; }
    };
    // By second, so that a second is forgotten at once, and a signature is compared only with those of its date.
    using seconds_of_signatures =
        std::map<std::chrono::sys_seconds, boost::unordered_flat_set<std::uint64_t, trivial_hash>>;

    void forget_oldest();

    std::mutex mutex_;  // held for one look-up
    seconds_of_signatures by_date_;
    std::size_t size_ = 0;
    const std::size_t bound_;
    std::chrono::sys_seconds floor_ = std::chrono::sys_seconds::min();
};

class replay_memory {
public:
    // The signatures of that access key. They exist while some directory holds them: one that replaces another is
    // loaded first, and gets the same.
    [[nodiscard]] std::shared_ptr<accepted_signatures> signatures_of(std::string_view access_key);

private:
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<accepted_signatures>, std::less<>> by_access_key_;
};

}  // namespace gateway::callers
