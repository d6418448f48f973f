#include "gateway/base/escape.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

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

// How many of eight characters are plain before the first that is not, all looked at in one go: for a byte of x,
// (x - 0x01…) & ~x & 0x80… is not 0 where it is 0. The subtraction borrows from bytes behind only: the first is right.
std::size_t plain_of_eight(std::uint64_t x) {
    if constexpr (std::endian::native == std::endian::big) x = __builtin_bswap64(x);
    constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    const auto holds = [x](std::uint64_t c) {
        const std::uint64_t zero_where_c = x ^ (ones * c);
        return (zero_where_c - ones) & ~zero_where_c;
    };
    const std::uint64_t below_blank = (x - ones * 0x20) & ~x;
    const std::uint64_t others = (x | below_blank | holds('"') | holds('\\') | holds(0x7F)) & tops;
    return static_cast<std::size_t>(std::countr_zero(others)) / 8;
}

char* write(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

char* write_hex_escape(char* out, unsigned code) {
    static constexpr char digits[] = "0123456789abcdef";
    out = write(out, "\\u");
    for (const unsigned shift : {12U, 8U, 4U, 0U})
        *out++ = digits[(code >> shift) & 15U];
    return out;
}

// The code point of a sequence of two or three bytes (RFC 3629, 3); 0 for one of four.
unsigned code_point(std::string_view sequence) {
    const auto bits = [&](std::size_t index) { return static_cast<unsigned>(sequence[index]) & 0x3FU; };
    if (sequence.size() == 2) return (static_cast<unsigned>(sequence[0]) & 0x1FU) << 6U | bits(1);
    if (sequence.size() == 3) return (static_cast<unsigned>(sequence[0]) & 0x0FU) << 12U | bits(1) << 6U | bits(2);
    return 0;
}

// Characters that are invisible, end a line for some readers, or change the order in which the text around them is
// shown: U+0080 to U+009F, which terminals take for control sequences; the separators of lines and paragraphs; and the
// format characters of the basic plane that are of no use in a log (Unicode, general categories Cc, Zl, Zp, Cf; "Trojan
// Source", CVE-2021-42574).
bool is_hidden(unsigned code) {
    return (code >= 0x80 && code <= 0x9F) || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
           (code >= 0xFFF9 && code <= 0xFFFB);
}

}  // namespace

char* write_json_text(char* out, std::string_view text) noexcept {
    while (!text.empty()) {
        while (text.size() >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, text.data(), sizeof eight);
            std::memcpy(out, &eight, sizeof eight);
            const std::size_t plain_ones = plain_of_eight(eight);
            out += plain_ones;
            text.remove_prefix(plain_ones);
            if (plain_ones < 8) break;
        }
        while (!text.empty() && plain(text.front())) {
            *out++ = text.front();
            text.remove_prefix(1);
        }
        if (text.empty()) break;

        const char c = text.front();
        std::size_t taken = 1;
        if (c == '"' || c == '\\') {
            *out++ = '\\';
            *out++ = c;
        } else if (c == '\n') {
            out = write(out, "\\n");
        } else if (c == '\r') {
            out = write(out, "\\r");
        } else if (c == '\t') {
            out = write(out, "\\t");
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out = write_hex_escape(out, static_cast<unsigned char>(c));
        } else if (const std::size_t length = utf8_length(text); length > 0) {
            const std::string_view sequence = text.substr(0, length);
            const unsigned code = code_point(sequence);
            out = is_hidden(code) ? write_hex_escape(out, code) : write(out, sequence);
            taken = length;
        } else {
            out = write(out, "\\ufffd");
        }
        text.remove_prefix(taken);
    }
    return out;
}

void append_json_text(std::string& out, std::string_view text) {
    const std::size_t before = out.size();
    out.resize(before + max_json_text * text.size());
    out.resize(static_cast<std::size_t>(write_json_text(out.data() + before, text) - out.data()));
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    append_json_text(out, text);
    out += '"';
}

std::string json_string(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

}  // namespace gateway
