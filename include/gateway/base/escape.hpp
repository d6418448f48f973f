#pragma once
// Text from outside, made fit for a log, an outcome line or an answer.

#include <cstddef>
#include <string>
#include <string_view>

namespace gateway {

// Appends `text` as a JSON string with its quotes (RFC 8259, 7). Control characters (those beyond ASCII too), DEL,
// line separators and what is invisible or turns the direction of the text are escaped; a byte that is not part of
// valid UTF-8 becomes U+FFFD, so the result is always valid UTF-8 on one line.
void append_json_string(std::string& out, std::string_view text);
void append_json_text(std::string& out, std::string_view text);  // the same without the quotes
// Likewise, into memory that has room for max_json_text bytes for each of the text's; gives the end of what it wrote.
inline constexpr std::size_t max_json_text = 6;
[[nodiscard]] char* write_json_text(char* out, std::string_view text) noexcept;
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace gateway
