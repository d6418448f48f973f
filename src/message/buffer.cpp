#include "gateway/message/buffer.hpp"

#include <algorithm>
#include <cstring>

namespace gateway::message {

void buffer::make_room(std::size_t bytes) {
    if (room_size() >= bytes) return;
    const std::size_t used = size();
    if (capacity_ - used >= bytes) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, used);
    } else {
        const std::size_t wanted = std::max(used + bytes, capacity_ + capacity_ / 2);
        std::unique_ptr<char[]> larger(new char[wanted]);
        if (used > 0) std::memcpy(larger.get(), bytes_.get() + begin_, used);
        bytes_ = std::move(larger);
        capacity_ = wanted;
    }
    begin_ = 0;
    end_ = used;
}

void buffer::cut(std::size_t from, std::size_t bytes) noexcept {
    char* const at = bytes_.get() + begin_ + from;
    const std::size_t behind = size() - from - bytes;
    if (behind > 0) std::memmove(at, at + bytes, behind);
    end_ -= bytes;
}

void buffer::shrink(std::size_t keep) noexcept {
    if (capacity_ <= keep || size() > 0) return;
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
}

}  // namespace gateway::message
