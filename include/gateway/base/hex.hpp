#pragma once
// Bytes as lower-case hexadecimal digits, and back.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gateway {

// Writes two digits a byte to `out`, which has room for them.
void write_hex(std::span<const unsigned char> bytes, char* out) noexcept;
[[nodiscard]] std::string to_hex(std::span<const unsigned char> bytes);

// Reads exactly `bytes_out.size()` bytes from twice as many digits, of either case. False when `text` is anything else.
[[nodiscard]] bool read_hex(std::string_view text, std::span<unsigned char> bytes_out) noexcept;

}  // namespace gateway
