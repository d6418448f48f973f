#include <array>
#include <utility>

#include "body_format.hpp"

#include "gateway/base/field.hpp"

namespace gateway::operations {

namespace {

// Letters beyond ASCII that one or the other way of ignoring case (Unicode, "Case Folding" and the simple upper and
// lower case mappings) makes an ASCII letter: long s, Kelvin sign, I with a dot, dotless i.
constexpr std::array<std::pair<std::string_view, char>, 4> ascii_by_folding{
    {{"\xC5\xBF", 's'}, {"\xE2\x84\xAA", 'k'}, {"\xC4\xB0", 'i'}, {"\xC4\xB1", 'i'}}};

constexpr bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Takes the next byte that counts from the front of `text`, folded; NUL at its end.
char next_of(std::string_view& text) {
    while (!text.empty() && text.front() != '\0') {
        const char c = text.front();
        const bool ascii = static_cast<unsigned char>(c) < 0x80;
        for (const auto& [letter, folded] : ascii_by_folding) {
            if (ascii || !text.starts_with(letter)) continue;
            text.remove_prefix(letter.size());
            return folded;
        }
        text.remove_prefix(1);
        if (!ascii || is_letter_or_digit(c)) return lower_case(c);
    }
    return '\0';
}

bool look_alike(std::string_view a, std::string_view b) {
    for (;;) {
        const char of_a = next_of(a);
        if (of_a != next_of(b)) return false;
        if (of_a == '\0') return true;
    }
}

}  // namespace

const known_member* find_lookalike(const body_format& format, body_object object, std::string_view key) noexcept {
    for (const known_member& known : format.members) {
        if (known.object == object && look_alike(known.key, key)) return &known;
    }
    return nullptr;
}

}  // namespace gateway::operations
