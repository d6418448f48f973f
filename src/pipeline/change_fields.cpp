#include "change_fields.hpp"

#include <algorithm>
#include <optional>

namespace gateway::pipeline {

namespace {

constexpr std::size_t max_key_size = 255;
constexpr std::size_t id_size = 32;  // hex digits of a request id

constexpr bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

// RFC 8941, 3.3.3: within the quotes only '"' and '\' are escaped, and must be.
std::optional<std::string> unquote(std::string_view text) {
    std::string key;
    bool is_escaped = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        const char c = text[i];
        if (is_escaped) {
            if (c != '"' && c != '\\') return std::nullopt;
            key += c;
            is_escaped = false;
        } else if (c == '\\') {
            is_escaped = true;
        } else if (c == '"') {
            if (i + 1 != text.size()) return std::nullopt;
            return key;
        } else {
            key += c;
        }
    }
    return std::nullopt;
}

std::optional<std::string> read_key(std::string_view value) {
    std::optional<std::string> key = value.starts_with('"') ? unquote(value) : std::string(value);
    if (!key || key->empty() || key->size() > max_key_size || !std::ranges::all_of(*key, is_visible))
        return std::nullopt;
    return key;
}

bool is_change_id(std::string_view text) {
    return text.size() == id_size &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

change_fields read_change_fields(const message::field_list& fields) {
    change_fields found;
    const auto fail = [&found](std::string_view problem) { found.problem = problem; };
    for (std::size_t i = 0; i < fields.size() && found.problem.empty(); ++i) {
        const message::known name = fields.name_of(i);
        const std::string_view value = fields[i].value;
        if (name == message::known::idempotency_key || name == message::known::x_client_token) {
            const auto key = read_key(value);
            if (!key)
                fail("Idempotency-Key and X-Client-Token are 1 to 255 visible ASCII characters, bare or in quotes");
            else if (!found.key.empty() && found.key != *key)
                fail("Idempotency-Key and X-Client-Token mean the same, and here they differ: send one of them");
            else
                found.key = *key;
        } else if (name == message::known::x_gateway && same_name(fields[i].name, "X-Gateway-After")) {
            if (!is_change_id(value))
                fail("X-Gateway-After is the id of a change: 32 lower-case hexadecimal digits");
            else if (!found.after.empty() && found.after != value)
                fail("X-Gateway-After stands there twice, with two ids: send one");
            else
                found.after = value;
        }
    }
    return found;
}

}  // namespace gateway::pipeline
