#pragma once
// Which of many like events get a log line: a few at once, then one now and then, which reports how many were left out.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace gateway {

class log_limit {
public:
    using time = std::chrono::steady_clock::time_point;

    // `at_once` lines without a pause; each pause makes room for one more.
    constexpr log_limit(unsigned at_once, std::chrono::seconds pause) noexcept : at_once_(at_once), pause_(pause) {}

    // How many were left out since the last line; nothing where this one is left out, too.
    [[nodiscard]] std::optional<std::uint64_t> admit(time now) noexcept {
        // A line moves the time at which all is forgotten one pause on (the generic cell rate algorithm).
        const time earliest = std::max(forgotten_, now);
        if (earliest - now > (at_once_ - 1) * pause_) {
            ++left_out_;
            return std::nullopt;
        }
        forgotten_ = earliest + pause_;
        return std::exchange(left_out_, 0);
    }

    // The end of a line that reports how many were left out; empty for none.
    [[nodiscard]] static std::string note(std::uint64_t left_out) {
        return left_out == 0 ? std::string() : " left_out=" + std::to_string(left_out);
    }

private:
    unsigned at_once_;
    std::chrono::seconds pause_;
    time forgotten_{};
    std::uint64_t left_out_ = 0;
};

}  // namespace gateway
