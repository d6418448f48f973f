#include "gateway/base/hide.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace gateway {

namespace {

// As a table: each call looks its signature up in what comes back.
constexpr auto alphanumeric = [] {
    std::array<bool, 256> made{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
        made[static_cast<unsigned char>(c)] = true;
    return made;
}();
constexpr bool is_alphanumeric(char c) { return alphanumeric[static_cast<unsigned char>(c)]; }

// Of a token in any of its usual spellings.
constexpr bool belongs_to_word(char c) {
    return is_alphanumeric(c) || std::string_view("+/=_-.%\\").find(c) != std::string_view::npos;
}

// What tells the value: all of a short one, else the first long run of letters and digits, of which some are enough: an
// echo may be cut short. Such a run is found within some seventy characters of Base64.
std::string_view telling_part(std::string_view value) noexcept {
    constexpr std::size_t long_enough = 24, enough = 64, longest_looked_at = 512;
    if (value.size() <= long_enough) return value;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < value.size() && at < longest_looked_at; ++at) {
        if (!is_alphanumeric(value[at])) {
            if (at - begin >= long_enough) return value.substr(begin, at - begin);
            begin = at + 1;
        } else if (at - begin + 1 == enough) {
            return value.substr(begin, enough);
        }
    }
    return value;
}

std::size_t place_of(std::string_view text, std::string_view piece, std::size_t from) noexcept {
    const void* const found = ::memmem(text.data() + from, text.size() - from, piece.data(), piece.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

bool holds_any(std::string_view text, std::span<const std::string_view> values) noexcept {
    return std::any_of(values.begin(), values.end(), [text](std::string_view value) {
        return value.size() >= shortest_hidden && place_of(text, telling_part(value), 0) != std::string_view::npos;
    });
}

void hide(std::span<char> text, std::span<const std::string_view> values) noexcept {
    const std::string_view all(text.data(), text.size());
    for (const std::string_view value : values) {
        if (value.size() < shortest_hidden || all.size() < shortest_hidden) continue;
        const std::string_view piece = telling_part(value);
        for (auto at = place_of(all, piece, 0); at != std::string_view::npos; at = place_of(all, piece, at)) {
            std::size_t begin = at, end = at + piece.size();
            while (piece.size() < value.size() && begin > 0 && belongs_to_word(all[begin - 1]))
                --begin;
            while (piece.size() < value.size() && end < all.size() && belongs_to_word(all[end]))
                ++end;
            std::memset(text.data() + begin, '*', end - begin);
            at = end;
        }
    }
}

}  // namespace gateway
