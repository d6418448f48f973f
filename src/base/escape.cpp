#include "gateway/base/escape.hpp"

#include <array>
#include <cstddef>

#include "gateway/base/utf8.hpp"

namespace gateway {

namespace {

// Characters that stand for themselves, as a table: most of every line is made of them.
constexpr auto plain_characters = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x7F; ++c)
        table[c] = c != '"' && c != '\\';
    return table;
}();
bool plain(char c) { return plain_characters[static_cast<unsigned char>(c)]; }

}  // namespace

void append_json_text(std::string& to, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
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
        } else if (const std::size_t length = utf8_length(text); length > 0) {
            to.append(text.substr(0, length));
            taken = length;
        } else {
            to += "\\ufffd";
        }
        text.remove_prefix(taken);
    }
}

void append_json_string(std::string& to, std::string_view text) {
    to += '"';
    append_json_text(to, text);
    to += '"';
}

std::string json_string(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

}  // namespace gateway
