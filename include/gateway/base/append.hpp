#pragma once
// Text put together from pieces: the capacity is checked once for all of them, where a row of append() checks it for
// each.

#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gateway {

// Writes into `size` bytes, which must be enough for all that is put. Debug and sanitizer builds assert it.
class text_writer {
public:
    text_writer(char* target, std::size_t size) noexcept : position_(target), end_(target + size) {}

    void put(std::string_view piece) noexcept {
        if (piece.empty()) return;  // which may be of no memory at all
        assert(piece.size() <= free_size());
        std::memcpy(position_, piece.data(), piece.size());
        position_ += piece.size();
    }
    template <class... Pieces>
    void put(const Pieces&... pieces) noexcept {
        (put(std::string_view(pieces)), ...);
    }
    void put(char one) noexcept {
        assert(free_size() > 0);
        *position_++ = one;
    }
    // `write(char*)` puts up to `max` bytes there itself, and returns their end.
    template <class Function>
    void put_by(std::size_t max, const Function& write) noexcept {
        assert(max <= free_size());
        char* const end = write(position_);
        assert(position_ <= end && end <= position_ + max);
        static_cast<void>(max);
        position_ = end;
    }

    [[nodiscard]] char* position() const noexcept { return position_; }  // behind what was put
    [[nodiscard]] std::size_t free_size() const noexcept { return static_cast<std::size_t>(end_ - position_); }

private:
    char* position_;
    char* end_;
};

template <class... Pieces>
void append(std::string& target, const Pieces&... pieces) {
    const std::size_t before = target.size();
    target.resize(before + (std::string_view(pieces).size() + ...));
    text_writer out(target.data() + before, target.size() - before);
    out.put(pieces...);
}

// A number's decimal digits, for append().
class digits {
public:
    explicit digits(std::uint64_t number) noexcept
        : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
    operator std::string_view() const noexcept {  // NOLINT: a piece of text like the others
        return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
    }

private:
    std::array<char, 20> text_;
    char* end_;
};

}  // namespace gateway
