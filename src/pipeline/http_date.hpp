#pragma once
// The Date of an answer.

#include <array>
#include <chrono>
#include <ctime>
#include <string>

namespace gateway::pipeline {

// RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT
[[nodiscard]] inline std::string http_date(std::chrono::system_clock::time_point at) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 40> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), length};
}

}  // namespace gateway::pipeline
