#include "gateway/base/hex.hpp"

#include <array>
#include <cstring>

namespace gateway {

namespace {

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Both digits of each byte: half the look-ups of digits one by one.
constexpr auto pairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> table{};
    for (std::size_t byte = 0; byte < table.size(); ++byte)
        table[byte] = {digits[byte >> 4], digits[byte & 15]};
    return table;
}();

}  // namespace

void write_hex(std::span<const unsigned char> bytes, char* out) noexcept {
    for (const unsigned char byte : bytes) {
        std::memcpy(out, pairs[byte].data(), 2);
        out += 2;
    }
}

std::string to_hex(std::span<const unsigned char> bytes) {
    std::string text(bytes.size() * 2, '\0');
    write_hex(bytes, text.data());
    return text;
}

bool read_hex(std::string_view text, std::span<unsigned char> into) noexcept {
    if (text.size() != into.size() * 2) return false;
    for (std::size_t i = 0; i < into.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        into[i] = static_cast<unsigned char>(high << 4 | low);
    }
    return true;
}

}  // namespace gateway
