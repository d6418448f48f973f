#include <algorithm>

#include "gateway/signing/signature.hpp"

namespace gateway::signing {

namespace {

bool take(std::string_view& text, std::string_view prefix) noexcept {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

// The text before `end`, which is taken away too; false when there is no `end` or nothing before it.
bool take_until(std::string_view& text, std::string_view end, std::string_view& taken) noexcept {
    const auto position = text.find(end);
    if (position == std::string_view::npos || position == 0) return false;
    taken = text.substr(0, position);
    text.remove_prefix(position + end.size());
    return true;
}

bool is_word(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (lower_case(c) >= 'a' && lower_case(c) <= 'z') || c == '-' || c == '_' ||
               c == '.';
    });
}

// A field name as SignedHeaders spells it (RFC 9110, 5.6.2: a token, and no '_', which servers read as '-').
bool is_signed_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^`|~").find(c) != std::string_view::npos;
    });
}

bool are_signed_headers(std::string_view list) noexcept {
    std::string_view before;
    for (;;) {
        const auto end = std::min(list.find(';'), list.size());
        const auto name = list.substr(0, end);
        if (!is_signed_name(name) || !(before < name)) return false;
        before = name;
        if (end == list.size()) return true;
        list.remove_prefix(end + 1);
    }
}

}  // namespace

bool is_signature(std::string_view header) noexcept {
    const auto scheme = header.substr(0, header.find(' '));
    return same_name(scheme, name_of(algorithm::sdk_hmac_sha256)) ||
           same_name(scheme, name_of(algorithm::v11_hmac_sha256));
}

bool parse_authorization(std::string_view header, authorization& parsed) noexcept {
    parsed = {};
    if (take(header, "SDK-HMAC-SHA256 Access=")) {
        parsed.algorithm = algorithm::sdk_hmac_sha256;
        if (!take_until(header, ", SignedHeaders=", parsed.access_key)) return false;
    } else if (take(header, "V11-HMAC-SHA256 Credential=")) {
        parsed.algorithm = algorithm::v11_hmac_sha256;
        std::string_view scope_text;
        if (!take_until(header, ", SignedHeaders=", scope_text)) return false;
        if (!take_until(scope_text, "/", parsed.access_key) || !take_until(scope_text, "/", parsed.date) ||
            !take_until(scope_text, "/", parsed.scope.region))
            return false;
        parsed.scope.service = scope_text;
        if (parsed.date.size() != 8 || !is_word(parsed.date) || !is_word(parsed.scope.region) ||
            !is_word(parsed.scope.service))
            return false;
    } else {
        return false;
    }
    if (!is_word(parsed.access_key)) return false;
    if (!take_until(header, ", Signature=", parsed.signed_headers) || !are_signed_headers(parsed.signed_headers))
        return false;
    parsed.signature = header;
    return header.size() == 64 && std::all_of(header.begin(), header.end(),
                                              [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool covers(const authorization& authorization, std::string_view name) noexcept {
    for (std::string_view rest = authorization.signed_headers; !rest.empty();) {
        const auto end = std::min(rest.find(';'), rest.size());
        if (rest.substr(0, end) == name) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace gateway::signing
