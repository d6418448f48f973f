#include "gateway/base/hide.hpp"

#include <algorithm>
#include <cstring>

namespace gateway {

namespace {

constexpr bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Of a token in any of its usual spellings.
constexpr bool belongs_to_word(char c) {
    return is_alphanumeric(c) || std::string_view("+/=_-.%\\").find(c) != std::string_view::npos;
}

// The part that identifies the value: all of a short one, as access keys and signatures are; of a token the first long
// run of letters and digits, of which some are enough: an echo may be cut short. Such a run is found within some
// seventy characters of Base64.
std::string_view distinctive_part(std::string_view value) noexcept {
    constexpr std::size_t longest_short = 64, long_enough = 24, enough = 64, max_examined = 512;
    if (value.size() <= longest_short) return value;
    std::size_t begin = 0;
    for (std::size_t position = 0; position < value.size() && position < max_examined; ++position) {
        if (!is_alphanumeric(value[position])) {
            if (position - begin >= long_enough) return value.substr(begin, position - begin);
            begin = position + 1;
        } else if (position - begin + 1 == enough) {
            return value.substr(begin, enough);
        }
    }
    return value;
}

std::size_t position_of(std::string_view text, std::string_view piece, std::size_t start) noexcept {
    const void* const found = ::memmem(text.data() + start, text.size() - start, piece.data(), piece.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

bool holds_any(std::string_view text, std::span<const std::string_view> values) noexcept {
    return std::any_of(values.begin(), values.end(), [text](std::string_view value) {
        return value.size() >= min_hidden_length &&
               position_of(text, distinctive_part(value), 0) != std::string_view::npos;
    });
}

void hide(std::span<char> text, std::span<const std::string_view> values) noexcept {
    const std::string_view all(text.data(), text.size());
    for (const std::string_view value : values) {
        if (value.size() < min_hidden_length || all.size() < min_hidden_length) continue;
        const std::string_view piece = distinctive_part(value);
        for (auto position = position_of(all, piece, 0); position != std::string_view::npos;
             position = position_of(all, piece, position)) {
            std::size_t begin = position, end = position + piece.size();
            while (piece.size() < value.size() && begin > 0 && belongs_to_word(all[begin - 1]))
                --begin;
            while (piece.size() < value.size() && end < all.size() && belongs_to_word(all[end]))
                ++end;
            std::memset(text.data() + begin, '*', end - begin);
            position = end;
        }
    }
}

}  // namespace gateway
