#include <algorithm>

#include "gateway/signing/signature.hpp"

namespace gateway::signing {

namespace {

bool take(std::string_view& from, std::string_view prefix) noexcept {
    if (!from.starts_with(prefix)) return false;
    from.remove_prefix(prefix.size());
    return true;
}

// The text before `end`, which is taken away too; false when there is no `end` or nothing before it.
bool take_until(std::string_view& from, std::string_view end, std::string_view& into) noexcept {
    const auto at = from.find(end);
    if (at == std::string_view::npos || at == 0) return false;
    into = from.substr(0, at);
    from.remove_prefix(at + end.size());
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

bool parse_authorization(std::string_view header, authorization& into) noexcept {
    into = {};
    if (take(header, "SDK-HMAC-SHA256 Access=")) {
        into.which = algorithm::sdk_hmac_sha256;
        if (!take_until(header, ", SignedHeaders=", into.access_key)) return false;
    } else if (take(header, "V11-HMAC-SHA256 Credential=")) {
        into.which = algorithm::v11_hmac_sha256;
        std::string_view scope_text;
        if (!take_until(header, ", SignedHeaders=", scope_text)) return false;
        if (!take_until(scope_text, "/", into.access_key) || !take_until(scope_text, "/", into.date) ||
            !take_until(scope_text, "/", into.where.region))
            return false;
        into.where.service = scope_text;
        if (into.date.size() != 8 || !is_word(into.date) || !is_word(into.where.region) || !is_word(into.where.service))
            return false;
    } else {
        return false;
    }
    if (!is_word(into.access_key)) return false;
    if (!take_until(header, ", Signature=", into.signed_headers) || !are_signed_headers(into.signed_headers))
        return false;
    into.signature = header;
    return header.size() == 64 && std::all_of(header.begin(), header.end(),
                                              [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool covers(const authorization& what, std::string_view name) noexcept {
    for (std::string_view rest = what.signed_headers; !rest.empty();) {
        const auto end = std::min(rest.find(';'), rest.size());
        if (rest.substr(0, end) == name) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

}  // namespace gateway::signing
