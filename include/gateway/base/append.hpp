#pragma once
// Text put together from pieces: one look at the room for all of them, where a row of append() takes one for each.

#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gateway {

// Writes into `room` bytes, enough for all that is put, as its user has worked out. Debug and sanitizer builds assert
// it.
class text_writer {
public:
    text_writer(char* to, std::size_t room) noexcept : at_(to), end_(to + room) {}

    void put(std::string_view piece) noexcept {
        if (piece.empty()) return;  // which may be of no memory at all
        assert(piece.size() <= room());
        std::memcpy(at_, piece.data(), piece.size());
        at_ += piece.size();
    }
    template <class... Pieces>
    void put(const Pieces&... pieces) noexcept {
        (put(std::string_view(pieces)), ...);
    }
    void put(char one) noexcept {
        assert(room() > 0);
        *at_++ = one;
    }
    // `write(char*)` puts up to `max` bytes there itself, and returns their end.
    template <class Function>
    void put_by(std::size_t max, const Function& write) noexcept {
        assert(max <= room());
        char* const end = write(at_);
        assert(at_ <= end && end <= at_ + max);
        static_cast<void>(max);
        at_ = end;
    }

    [[nodiscard]] char* at() const noexcept { return at_; }  // behind what was put
    [[nodiscard]] std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - at_); }

private:
    char* at_;
    char* end_;
};

template <class... Pieces>
void append(std::string& to, const Pieces&... pieces) {
    const std::size_t before = to.size();
    to.resize(before + (std::string_view(pieces).size() + ...));
    text_writer out(to.data() + before, to.size() - before);
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
