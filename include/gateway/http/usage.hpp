#pragma once
// The resources that callers' connections use, of all workers together.

#include <atomic>
#include <cstddef>
#include <limits>
#include <utility>

#include "gateway/http/handshake.hpp"

namespace gateway::http {

// Touched when a connection opens or closes or its handshake fails, and by large bodies; never by a usual call.
struct usage {
    std::atomic<std::size_t> connections{0};
    // For which there are file descriptors, besides those that are kept for the cloud, admin and reloads. Set before
    // the workers start.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max() / 2;
    std::atomic<std::size_t> buffered_bytes{0};  // of bodies that wait: limits.buffered_bytes
    handshake_failures failed_handshakes;
};

// The part of usage::buffered_bytes that one connection uses; its destructor gives it back.
class buffered_share {
public:
    explicit buffered_share(std::atomic<std::size_t>& total) noexcept : total_(total) {}
    buffered_share(const buffered_share&) = delete;
    buffered_share& operator=(const buffered_share&) = delete;
    ~buffered_share() { release(); }

    // False, and nothing changes, where all shares together would be more than `max_total`.
    [[nodiscard]] bool grow_to(std::size_t bytes, std::size_t max_total) noexcept {
        if (bytes <= bytes_) return true;
        const std::size_t more = bytes - bytes_;
        if (total_.fetch_add(more, std::memory_order_relaxed) + more > max_total) {
            total_.fetch_sub(more, std::memory_order_relaxed);
            return false;
        }
        bytes_ = bytes;
        return true;
    }
    void release() noexcept {
        if (bytes_ > 0) total_.fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed);
    }

private:
    std::atomic<std::size_t>& total_;
    std::size_t bytes_ = 0;
};

}  // namespace gateway::http
