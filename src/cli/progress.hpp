#pragma once
// How far a long command is, on standard error where that is a terminal.

#include <chrono>
#include <iosfwd>
#include <string_view>

#include "command.hpp"

namespace gateway::cli {

class progress {
public:
    explicit progress(const streams& io);
    ~progress();  // clears its line
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    // Replaces the line, some times a second.
    void show(std::string_view text);

private:
    std::ostream* terminal_ = nullptr;
    std::chrono::steady_clock::time_point next_{};
    bool is_shown_ = false;
};

}  // namespace gateway::cli
