#pragma once
// Text put together from pieces: one look at the room for all of them, where a row of append() takes one for each.

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gateway {

// Writes where there is room for all that is put, which the caller has seen to.
class text_writer {
public:
    explicit text_writer(char* to) noexcept : at_(to) {}

    void put(std::string_view piece) noexcept {
        if (piece.empty()) return;  // which may be of no memory at all
        std::memcpy(at_, piece.data(), piece.size());
        at_ += piece.size();
    }
    template <class... Pieces>
    void put(const Pieces&... pieces) noexcept {
        (put(std::string_view(pieces)), ...);
    }
    void put(char one) noexcept { *at_++ = one; }

    [[nodiscard]] char* at() const noexcept { return at_; }  // behind what was put

private:
    char* at_;
};

template <class... Pieces>
void append(std::string& to, const Pieces&... pieces) {
    const std::size_t before = to.size();
    to.resize(before + (std::string_view(pieces).size() + ...));
    text_writer out(to.data() + before);
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
