#pragma once
// A header field as it stands in a message (RFC 9110, 5): views into bytes that someone else keeps alive.

#include <cstddef>
#include <span>
#include <string_view>

namespace gateway {

struct field {
    std::string_view name;
    std::string_view value;  // without the white space around it
};

[[nodiscard]] constexpr char lower_case(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// Without the white space around it (RFC 9110, 5.6.3: SP and HTAB).
[[nodiscard]] constexpr std::string_view without_blanks(std::string_view text) noexcept {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// ASCII letters count the same in either case, as field names do (RFC 9110, 5.1).
[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower_case(a[i]) != lower_case(b[i])) return false;
    }
    return true;
}

// The first field of that name, or nullptr.
[[nodiscard]] constexpr const field* find_field(std::span<const field> fields, std::string_view name) noexcept {
    for (const field& f : fields) {
        if (same_name(f.name, name)) return &f;
    }
    return nullptr;
}

}  // namespace gateway
