#include "gateway/base/escape.hpp"

#include <array>
#include <cstddef>

namespace gateway {

namespace {

// Length of the well-formed UTF-8 sequence that starts `text` (Unicode 15, table 3-7), 0 when there is none.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto tail = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned char high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
        return tail(1, low, high) && tail(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
        return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

// Characters that stand for themselves, as a table: most of every line is made of them.
constexpr auto plain_characters = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x7F; ++c)
        table[c] = c != '"' && c != '\\';
    return table;
}();
bool plain(char c) { return plain_characters[static_cast<unsigned char>(c)]; }

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    to += '"';
    while (!text.empty()) {
        std::size_t run = 0;
        while (run < text.size() && plain(text[run]))
            ++run;
        to.append(text.substr(0, run));
        text.remove_prefix(run);
        if (text.empty()) break;

        const char c = text.front();
        std::size_t taken = 1;
        if (c == '"' || c == '\\') {
            to += '\\';
            to += c;
        } else if (c == '\n') {
            to += "\\n";
        } else if (c == '\r') {
            to += "\\r";
        } else if (c == '\t') {
            to += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            to += "\\u00";
            to += digits[static_cast<unsigned char>(c) >> 4];
            to += digits[static_cast<unsigned char>(c) & 15];
        } else if (c == '\xC2' && text.size() > 1 && static_cast<unsigned char>(text[1]) >= 0x80 &&
                   static_cast<unsigned char>(text[1]) <= 0x9F) {
            to += "\\u00";  // U+0080 to U+009F: terminals take them for control sequences
            to += digits[static_cast<unsigned char>(text[1]) >> 4];
            to += digits[static_cast<unsigned char>(text[1]) & 15];
            taken = 2;
        } else if (const std::size_t length = utf8_sequence(text); length > 0) {
            to.append(text.substr(0, length));
            taken = length;
        } else {
            to += "\\ufffd";
        }
        text.remove_prefix(taken);
    }
    to += '"';
}

std::string json_string(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

}  // namespace gateway
