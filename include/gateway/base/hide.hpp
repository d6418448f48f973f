#pragma once
// Takes the secrets that a request was sent with (tokens, keys, signatures) out of text from others: by value, whatever
// words are around them.

#include <span>
#include <string>
#include <string_view>

namespace gateway {

// Shorter values are passed over: they would be found in words that have nothing to do with them, and no key, token or
// signature is so short.
inline constexpr std::size_t min_hidden_length = 6;

// Whether the text holds one of the values, or enough of a long one to identify it.
[[nodiscard]] bool holds_any(std::string_view text, std::span<const std::string_view> values) noexcept;

// Overwrites them with asterisks, so that no length changes. Of a value with characters that are written in several
// ways (the '/' of a token is "\/" or "%2F"), its first long run of letters and digits is looked for, and all of the
// word that stands around it is overwritten. What somebody encodes on purpose, in Base64 say, is not found.
void hide(std::span<char> text, std::span<const std::string_view> values) noexcept;
inline void hide(std::string& text, std::span<const std::string_view> values) noexcept {
    hide(std::span<char>(text.data(), text.size()), values);
}

}  // namespace gateway
