#pragma once
// UTF-8 as the Unicode standard has it (version 15, table 3-7): no overlong form, no surrogate.

#include <cstddef>
#include <string_view>

namespace gateway {

// Bytes of the sequence that begins `text`, which is not empty; 0 when none begins there.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
    const auto tail = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
        return i < text.size() && static_cast<unsigned char>(text[i]) >= low &&
               static_cast<unsigned char>(text[i]) <= high;
    };
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF)
        return tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && tail(2) ? 3 : 0;
    if (lead >= 0xF0 && lead <= 0xF4)
        return tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && tail(2) && tail(3) ? 4 : 0;
    return 0;
}

}  // namespace gateway
