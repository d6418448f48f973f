#pragma once
// Bytes that are appended at the end and consumed at the front, in one piece of memory: what was parsed stays where it
// is until it is consumed, so views into it hold. (beast::flat_buffer moves bytes in prepare(); here only reserve()
// does, between messages.)

#include <cstddef>
#include <memory>
#include <string_view>

namespace gateway::message {

class buffer {
public:
    buffer() = default;
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() { free_memory(); }

    // From now on memory is overwritten before it is given back, as is what was used up: what comes here is secret.
    void keep_secret() noexcept { secret_ = true; }

    [[nodiscard]] std::string_view data() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    // Makes space for `bytes` more behind what is there; moves the data, so views into it end.
    void reserve(std::size_t bytes);
    [[nodiscard]] char* free_space() noexcept { return bytes_.get() + end_; }
    [[nodiscard]] std::size_t free_size() const noexcept { return capacity_ - end_; }

    void commit(std::size_t bytes) noexcept { end_ += bytes; }  // that many arrived in free_space()
    void consume(std::size_t bytes) noexcept {                  // that many at the front are used up
        if (secret_) forget(begin_, bytes);
        begin_ += bytes;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    // Takes `bytes` out of the data at `offset`; what follows them moves up.
    void cut(std::size_t offset, std::size_t bytes) noexcept;
    // Gives memory beyond `keep` back where what is there needs no more; moves the data, so views into it end.
    void shrink(std::size_t keep);

private:
    void forget(std::size_t offset, std::size_t bytes) noexcept;
    void free_memory() noexcept;

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
    bool secret_ = false;
};

}  // namespace gateway::message
