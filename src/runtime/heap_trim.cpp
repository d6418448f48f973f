#include "heap_trim.hpp"

#include <malloc.h>

#include <chrono>

namespace gateway::runtime {

namespace {

constexpr auto pause = std::chrono::seconds(1);
// A block this large is a mapping of its own, which goes back when it is freed. glibc raises the threshold with each
// such block that is freed, unless it was set (mallopt(3)).
constexpr int mmap_threshold = 128 * 1024;

}  // namespace

heap_trim::heap_trim(boost::asio::io_context& context, const http::usage& usage) : usage_(usage), wait_(context) {
    ::mallopt(M_MMAP_THRESHOLD, mmap_threshold);
    look_later();
}

void heap_trim::look_later() {
    wait_.expires_after(pause);
    wait_.async_wait([this](const boost::system::error_code& ec) {
        if (ec) return;
        if (freed_.is_much(usage_.connections.load(std::memory_order_relaxed),
                           usage_.buffered_bytes.load(std::memory_order_relaxed)))
            ::malloc_trim(0);
        look_later();
    });
}

}  // namespace gateway::runtime
