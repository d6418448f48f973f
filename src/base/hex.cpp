#include "gateway/base/hex.hpp"

#include <cstring>

#include "gateway/base/sixteen.hpp"

namespace gateway {

namespace {

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

sixteen digits_of(sixteen halves) noexcept {
    const auto above_nine = static_cast<sixteen>(halves > 9);
    return halves + '0' + (above_nine & ('a' - '9' - 1));
}

void write_hex_of_sixteen(const unsigned char* bytes, char* out) noexcept {
    const sixteen all = load_sixteen(bytes);
    const sixteen upper = digits_of(all >> 4), lower = digits_of(all & 15);
    const sixteen first = __builtin_shufflevector(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const sixteen second =
        __builtin_shufflevector(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    std::memcpy(out, &first, sizeof first);
    std::memcpy(out + sizeof first, &second, sizeof second);
}

}  // namespace

void write_hex(std::span<const unsigned char> bytes, char* out) noexcept {
    static constexpr char digits[] = "0123456789abcdef";
    for (; bytes.size() >= sizeof(sixteen); bytes = bytes.subspan(sizeof(sixteen))) {
        write_hex_of_sixteen(bytes.data(), out);
        out += 2 * sizeof(sixteen);
    }
    for (const unsigned char byte : bytes) {
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
}

std::string to_hex(std::span<const unsigned char> bytes) {
    std::string text(bytes.size() * 2, '\0');
    write_hex(bytes, text.data());
    return text;
}

bool read_hex(std::string_view text, std::span<unsigned char> bytes_out) noexcept {
    if (text.size() != bytes_out.size() * 2) return false;
    for (std::size_t i = 0; i < bytes_out.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes_out[i] = static_cast<unsigned char>(high << 4 | low);
    }
    return true;
}

}  // namespace gateway
