#include "gateway/operations/media_type.hpp"

#include "gateway/base/field.hpp"
#include "gateway/base/token.hpp"

namespace gateway::operations {

namespace {

std::string_view take_token(std::string_view& text) noexcept {
    const std::string_view token = text.substr(0, token_length(text));
    text.remove_prefix(token.size());
    return token;
}

// RFC 9110, 5.6.4. The text between the quotes, escapes and all: no escape is part of a charset's usual spelling.
bool take_quoted(std::string_view& text, std::string_view& quoted) noexcept {
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"')
        end += text[end] == '\\' ? std::size_t{2} : std::size_t{1};
    if (end >= text.size()) return false;
    quoted = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return true;
}

bool is_utf8(std::string_view charset) noexcept { return same_name(charset, "utf-8") || same_name(charset, "utf8"); }

}  // namespace

bool is_json_in_utf8(std::string_view content_type) noexcept {
    constexpr std::string_view json = "application/json";
    if (!same_name(content_type.substr(0, json.size()), json)) return false;
    std::string_view rest = content_type.substr(json.size());
    bool has_charset = false;
    for (;;) {
        rest = without_blanks(rest);
        if (rest.empty()) return true;
        if (rest.front() != ';') return false;
        rest.remove_prefix(1);
        rest = without_blanks(rest);
        if (rest.empty() || rest.front() == ';') continue;  // RFC 9110, 5.6.6: parameters may be empty
        const std::string_view name = take_token(rest);
        if (name.empty() || !rest.starts_with('=')) return false;
        rest.remove_prefix(1);
        std::string_view value;
        if (!rest.starts_with('"'))
            value = take_token(rest);
        else if (!take_quoted(rest, value))
            return false;
        if (value.empty()) return false;
        if (!same_name(name, "charset")) continue;
        if (has_charset || !is_utf8(value)) return false;
        has_charset = true;
    }
}

}  // namespace gateway::operations
