#pragma once
// Text that every parser, signer and log reads the same way.

#include <string_view>

#include "gateway/base/sixteen.hpp"

namespace gateway {

// Whether the text holds only visible ASCII characters and spaces (0x20 to 0x7E): no tab, no other control character,
// no byte beyond ASCII (obs-text, RFC 9110, 5.5).
[[nodiscard]] inline bool is_visible_ascii(std::string_view text) noexcept {
    constexpr unsigned char first = 0x20, count = 0x7F - 0x20;
    while (text.size() >= sizeof(sixteen)) {
        const sixteen bytes = load_sixteen(text.data());
        if (first_of(sixteen_flags(bytes - first >= count)) < sizeof(sixteen)) return false;
        text.remove_prefix(sizeof(sixteen));
    }
    for (const char c : text) {
        if (static_cast<unsigned char>(static_cast<unsigned char>(c) - first) >= count) return false;
    }
    return true;
}

}  // namespace gateway
