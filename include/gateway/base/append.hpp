#pragma once
// Text put together from pieces: one look at the room for all of them, where a row of append() takes one for each.

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gateway {

template <class... Pieces>
void append(std::string& to, const Pieces&... pieces) {
    const std::size_t before = to.size();
    to.resize(before + (std::string_view(pieces).size() + ...));
    char* at = to.data() + before;
    const auto put = [&at](std::string_view piece) {
        if (piece.empty()) return;  // which may be of no memory at all
        std::memcpy(at, piece.data(), piece.size());
        at += piece.size();
    };
    (put(pieces), ...);
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
