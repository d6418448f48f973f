#include "gateway/message/buffer.hpp"

#include <algorithm>
#include <cstring>

#include "gateway/base/secret_text.hpp"

namespace gateway::message {

void buffer::reserve(std::size_t bytes) {
    if (free_size() >= bytes) return;
    const std::size_t used = size();
    if (capacity_ - used >= bytes) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, used);
    } else {
        const std::size_t wanted = std::max(used + bytes, capacity_ + capacity_ / 2);
        std::unique_ptr<char[]> larger(new char[wanted]);
        if (used > 0) std::memcpy(larger.get(), bytes_.get() + begin_, used);
        if (secret_) forget(0, capacity_);
        bytes_ = std::move(larger);
        capacity_ = wanted;
    }
    begin_ = 0;
    end_ = used;
}

void buffer::cut(std::size_t offset, std::size_t bytes) noexcept {
    char* const gap = bytes_.get() + begin_ + offset;
    const std::size_t following = size() - offset - bytes;
    if (following > 0) std::memmove(gap, gap + bytes, following);
    end_ -= bytes;
    if (secret_) forget(end_, bytes);
}

void buffer::shrink(std::size_t keep) {
    const std::size_t used = size();
    if (capacity_ <= keep || used > keep) return;
    std::unique_ptr<char[]> smaller(used > 0 ? new char[keep] : nullptr);
    if (used > 0) std::memcpy(smaller.get(), bytes_.get() + begin_, used);
    free_memory();
    bytes_ = std::move(smaller);
    capacity_ = used > 0 ? keep : 0;
    begin_ = 0;
    end_ = used;
}

void buffer::forget(std::size_t offset, std::size_t bytes) noexcept {
    if (bytes > 0) wipe(bytes_.get() + offset, bytes);
}

void buffer::free_memory() noexcept {
    if (secret_) forget(0, capacity_);
    bytes_.reset();
}

}  // namespace gateway::message
