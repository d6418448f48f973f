#pragma once
// What time it is in the imitated cloud: that of the machine, or so many seconds beside it.

#include <atomic>
#include <chrono>
#include <string>

namespace simulator {

class moved_clock {
public:
    using time = std::chrono::system_clock::time_point;

    [[nodiscard]] time at(time real) const { return real + std::chrono::seconds(offset_.load()); }
    void move(std::chrono::seconds beside) { offset_ = beside.count(); }

private:
    std::atomic<std::chrono::seconds::rep> offset_ = 0;
};

// As the Date header has it (RFC 9110, 5.6.7): Sun, 06 Nov 1994 08:49:37 GMT
[[nodiscard]] std::string http_date(moved_clock::time at);

}  // namespace simulator
