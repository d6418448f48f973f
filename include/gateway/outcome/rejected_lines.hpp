#pragma once
// A flood of rejected calls, which anybody can send, gathered so that it fills no disk: beyond so many lines a second,
// one line a second for each source and code says how many calls it stands for.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/outcome/record.hpp"

namespace gateway::outcome {

// Of all workers. Only rejected calls take its lock.
class rejected_lines {
public:
    using time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t max_per_second = 100;  // with a line of their own
    // What is kept apart; beyond either, calls are gathered by their code alone. So a flood writes some 200 KiB a
    // second at most, from however many addresses it comes.
    static constexpr std::size_t max_kept = 50;
    static constexpr std::size_t max_bytes = 64 * 1024;

    // Whether the call is counted here, so that it has no line of its own.
    [[nodiscard]] bool gather(const record& call, time now);

    // Appends the lines of what was gathered in a second that has passed by `now`; how many.
    std::size_t append_due(std::string& out, time now);
    // Makes all that was gathered due: the process ends.
    void end_second() noexcept;
    [[nodiscard]] bool is_due(time now) const;
    [[nodiscard]] bool is_empty() const;

private:
    using seconds = std::chrono::time_point<std::chrono::steady_clock, std::chrono::seconds>;
    struct similar_calls {
        std::string line;  // of the first call, without its end
        std::uint64_t calls = 0;
    };
    [[nodiscard]] similar_calls& add(std::string key, record call, bool with_peer);
    [[nodiscard]] bool is_due_now(time now) const noexcept;

    mutable std::mutex lock_;
    seconds second_{};  // of what is counted
    std::size_t in_second_ = 0;
    bool ended_ = false;
    std::unordered_map<std::string, similar_calls> gathered_;  // by code and source
    std::size_t bytes_ = 0;
    seconds gathered_in_{};
};

}  // namespace gateway::outcome
