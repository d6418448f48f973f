#pragma once
// The Date of an answer.

#include <array>
#include <chrono>
#include <ctime>
#include <string_view>

namespace gateway::pipeline {

// RFC 9110, 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT. In place: an answer of the cloud without a Date allocates nothing.
class http_date {
public:
    explicit http_date(std::chrono::system_clock::time_point time) noexcept {
        const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
        std::tm parts{};
        ::gmtime_r(&seconds, &parts);
        size_ = std::strftime(text_.data(), text_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    std::array<char, 40> text_;
    std::size_t size_;
};

}  // namespace gateway::pipeline
