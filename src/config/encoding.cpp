#include "encoding.hpp"

#include <array>
#include <optional>
#include <utility>

#include "gateway/base/hex.hpp"
#include "gateway/base/utf8.hpp"

namespace gateway::config {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// Byte order marks (Unicode 15, table 2-4). The longer ones first: that of UTF-32LE begins with that of UTF-16LE.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> marks{
    {{"\xFF\xFE\0\0"sv, "UTF-32"}, {"\0\0\xFE\xFF"sv, "UTF-32"}, {"\xFF\xFE"sv, "UTF-16"}, {"\xFE\xFF"sv, "UTF-16"}}};

struct position {
    std::uint32_t line = 1, column = 1;

    void pass(char first_byte) {
        ++column;
        if (first_byte != '\n') return;
        ++line;
        column = 1;
    }
};

problem problem_at(position start, std::string message, bool warning) {
    return {.location = {.line = start.line, .column = start.column, .path = {}},
            .message = std::move(message),
            .warning = warning};
}

}  // namespace

std::string read_as_utf8(std::string_view bytes, std::vector<problem>& problems) {
    for (const auto& [mark, name] : marks) {
        if (!bytes.starts_with(mark)) continue;
        problems.push_back(problem_at(
            {}, "the file is " + std::string(name) + ", as its byte order mark says; save it as UTF-8", false));
        return {};
    }
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);

    std::string text;
    text.reserve(bytes.size());
    position current;
    std::optional<position> first_wrong;
    while (!bytes.empty()) {
        const char c = bytes.front();
        if (c == '\0') {
            problems.push_back(problem_at(current, "a NUL character; if the file is UTF-16, save it as UTF-8", false));
            return {};
        }
        const std::size_t length = utf8_length(bytes);
        if (length == 0 && !first_wrong) {
            first_wrong = current;
            const std::array<unsigned char, 1> byte{static_cast<unsigned char>(c)};
            problems.push_back(problem_at(
                current, "byte 0x" + to_hex(byte) + " is not UTF-8 and is read as U+FFFD; save the file as UTF-8",
                true));
        }
        text += length == 0 ? replacement : bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
        current.pass(c);
    }
    return text;
}

}  // namespace gateway::config
