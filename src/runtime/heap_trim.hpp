#pragma once
// Gives freed memory back to the system. glibc keeps what was freed below the top of its heaps (malloc_trim(3)), so
// after many connections or large bodies the process would keep the memory of the peak.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstddef>

#include "gateway/http/usage.hpp"

namespace gateway::runtime {

// Whether so much was freed since the last trim that another is worth its time (about a millisecond for 100 MiB).
class freed_since_trim {
public:
    static constexpr std::size_t many_connections = 64;
    static constexpr std::size_t many_bytes = 8 * 1024 * 1024;

    // The arguments are in use now. True: trim; counting begins anew.
    [[nodiscard]] bool is_much(std::size_t connections, std::size_t bytes) noexcept {
        max_connections_ = std::max(max_connections_, connections);
        max_bytes_ = std::max(max_bytes_, bytes);
        if (max_connections_ - connections < many_connections && max_bytes_ - bytes < many_bytes) return false;
        max_connections_ = connections;
        max_bytes_ = bytes;
        return true;
    }

private:
    std::size_t max_connections_ = 0, max_bytes_ = 0;
};

// Looks once a second, on the thread of `context`.
class heap_trim {
public:
    heap_trim(boost::asio::io_context& context, const http::usage& usage);

private:
    void look_later();

    const http::usage& usage_;
    freed_since_trim freed_;
    boost::asio::steady_timer wait_;
};

}  // namespace gateway::runtime
