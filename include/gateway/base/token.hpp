#pragma once
// Tokens of HTTP: the names of fields, methods, options of a connection.

#include <array>
#include <cstddef>
#include <string_view>

namespace gateway {

// RFC 9110, 5.6.2, as a table: every character of every field's name is looked up.
inline constexpr auto token_characters = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

[[nodiscard]] inline bool is_token_char(char c) noexcept { return token_characters[static_cast<unsigned char>(c)]; }

// How many characters of a token `text` begins with.
[[nodiscard]] inline std::size_t token_length(std::string_view text) noexcept {
    std::size_t length = 0;
    while (length < text.size() && is_token_char(text[length]))
        ++length;
    return length;
}

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
    return !text.empty() && token_length(text) == text.size();
}

}  // namespace gateway
