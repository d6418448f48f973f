#include "framing.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/base/token.hpp"

namespace gateway::message {

using namespace std::string_view_literals;

namespace {

constexpr auto malformed(std::string_view reason) { return problem{fault::malformed, reason}; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) { return is_digit(c) || (lower_case(c) >= 'a' && lower_case(c) <= 'f'); }
constexpr bool is_alnum(char c) { return is_digit(c) || (lower_case(c) >= 'a' && lower_case(c) <= 'z'); }

// RFC 3986, 2: unreserved, reserved without the gen-delims that a target can't hold, and percent-escapes. A table,
// since every byte of every target is looked up.
constexpr auto target_characters = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < 128; ++c)
        table[c] = is_alnum(static_cast<char>(c));
    for (const char c : std::string_view("-._~!$&'()*+,;=:@/?%"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();
bool is_target_char(char c) { return target_characters[static_cast<unsigned char>(c)]; }

// RFC 3986, 3.2.2: what stands in brackets is an IPv6 address, and one without a zone.
bool is_ipv6(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::copy(text.begin(), text.end(), terminated.begin());
    in6_addr address{};
    return ::inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

// RFC 9293, 3.1: a port has 16 bits.
bool is_port(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
    unsigned port = 0;
    for (const char c : text)
        port = port * 10 + static_cast<unsigned>(c - '0');
    return port <= 0xFFFF;
}

// RFC 3986, 3.2.2 and 3.2.3: a name or address and perhaps a port. No user, no path, no blank.
bool is_host(std::string_view text) noexcept {
    if (text.empty() || text.size() > 255) return false;
    std::string_view port;
    if (text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
        port = text.substr(end + 1);
    } else {
        const auto colon = text.find(':');
        const auto name = text.substr(0, colon);
        if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) {
                return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
            }))
            return false;
        port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    }
    return port.empty() || (port.front() == ':' && is_port(port.substr(1)));
}

// RFC 9112, 6.3, rule 4: where chunked does not come last, nobody can tell where the body ends.
std::optional<problem> check_coding(std::string_view codings) noexcept {
    if (same_name(codings, "chunked")) return std::nullopt;
    const auto comma = codings.rfind(',');
    if (comma == std::string_view::npos || !same_name(without_blanks(codings.substr(comma + 1)), "chunked"))
        return malformed("the last transfer-coding is not chunked (RFC 9112, 6.3)");
    std::string_view before = codings.substr(0, comma);
    for (;;) {
        const auto end = before.find(',');
        const std::string_view one = without_blanks(before.substr(0, end));
        const std::size_t name = token_length(one);
        const std::string_view parameters = without_blanks(one.substr(name));
        if (name == 0 || !(parameters.empty() || parameters.front() == ';'))
            return malformed("Transfer-Encoding is not a list of codings (RFC 9110, 10.1.4)");
        if (same_name(one.substr(0, name), "chunked")) return malformed("chunked twice (RFC 9112, 6.1)");
        if (end == std::string_view::npos) break;
        before.remove_prefix(end + 1);
    }
    return problem{fault::unknown_transfer_coding, "the only transfer-coding taken here is chunked (RFC 9112, 7)"};
}

// How long the body is, for either direction (RFC 9112, 6.3). `result.body` stays none when no field says.
std::optional<problem> check_length(const field_list& fields, bool http_1_1, framing& result) noexcept {
    const field* const length = fields.find(known::content_length);
    if (fields.repeats({known::content_length})) return malformed("Content-Length occurs twice (RFC 9112, 6.3)");
    const field* const coding = fields.find(known::transfer_encoding);
    if (fields.repeats({known::transfer_encoding})) return malformed("Transfer-Encoding occurs twice (RFC 9112, 6.1)");

    if (coding != nullptr) {
        if (length != nullptr) return malformed("both Content-Length and Transfer-Encoding (RFC 9112, 6.1)");
        if (!http_1_1) return malformed("Transfer-Encoding in an HTTP/1.0 message (RFC 9112, 6.1)");
        if (auto p = check_coding(coding->value)) return p;
        result.body = body_framing::chunked;
    }
    if (length != nullptr) {
        // 1*DIGIT (RFC 9110, 8.6): no sign, no list, no blank. 18 digits can't overflow.
        const auto digits = length->value;
        if (digits.empty() || digits.size() > 18 ||
            !std::all_of(digits.begin(), digits.end(), [](char c) { return is_digit(c); }))
            return malformed("Content-Length is not a plain number (RFC 9110, 8.6)");
        result.length = 0;
        for (const char c : digits)
            result.length = result.length * 10 + static_cast<unsigned>(c - '0');
        result.body = result.length == 0 ? body_framing::none : body_framing::length;
    }
    return std::nullopt;
}

// RFC 9112, 9.3: "keep-alive" in HTTP/1.0 is for who is no proxy; one that did not know it would keep it up by mistake.
bool wants_keep_alive(const field_list& fields, bool http_1_1) noexcept {
    return http_1_1 && !connection_names(fields, "close");
}

// RFC 9112, 3.2: origin-form, absolute-form or, of OPTIONS, asterisk-form. Authority-form is for CONNECT.
std::optional<problem> split_target(request_head& head) noexcept {
    std::string_view rest = head.target;
    if (rest == "*" && head.method == "OPTIONS") {
        head.path = rest;
        head.query = {};
        return std::nullopt;
    }
    if (rest.empty() || rest.front() != '/') {
        const auto scheme = rest.substr(0, rest.find("://"));
        if (scheme.size() == rest.size() || !(same_name(scheme, "http") || same_name(scheme, "https")))
            return malformed("the request target is neither a path nor an http(s) URL (RFC 9112, 3.2)");
        rest.remove_prefix(scheme.size() + 3);
        const auto authority = rest.substr(0, rest.find_first_of("/?"));
        if (!is_host(authority)) return malformed("the authority of the request target is malformed (RFC 3986, 3.2)");
        rest.remove_prefix(authority.size());
        if (rest.empty() || rest.front() != '/') return malformed("the request target has no path (RFC 9112, 3.2.2)");
    }
    if (!std::all_of(rest.begin(), rest.end(), [](char c) { return is_target_char(c); }))
        return malformed("the request target holds a character that RFC 3986 does not allow there");
    const auto mark = rest.find('?');
    head.path = rest.substr(0, mark);
    head.query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
    // Another target than the one without '?' (RFC 3986, 6.2.3), though many read it as the same.
    if (mark != std::string_view::npos && head.query.empty()) return malformed("the request target has an empty query");
    // RFC 3986, 2.1. (In a path any escape, broken or not, makes it none of the paths that there are.)
    for (auto percent = head.query.find('%'); percent != std::string_view::npos;
         percent = head.query.find('%', percent + 3)) {
        if (percent + 2 >= head.query.size() || !is_hex(head.query[percent + 1]) || !is_hex(head.query[percent + 2]))
            return malformed("the query holds a broken percent-escape (RFC 3986, 2.1)");
    }
    return std::nullopt;
}

}  // namespace

std::optional<problem> check_request(request_head& head) noexcept {
    head.framing = {};
    if (head.method.size() > max_method_length)
        return problem{fault::method_too_long, "the method is longer than any that there is (RFC 9112, 3)"};
    if (head.method == "CONNECT") return malformed("CONNECT asks for a tunnel: there is none here (RFC 9110, 9.3.6)");
    if (auto p = split_target(head)) return p;

    // RFC 9112, 3.2: one Host, and it is a host. It never chooses where a call goes.
    const field* const host = head.fields.find(known::host);
    if (head.fields.repeats({known::host})) return malformed("Host occurs twice (RFC 9112, 3.2)");
    if (host == nullptr && head.http_1_1) return malformed("no Host (RFC 9112, 3.2)");
    if (host != nullptr && !is_host(host->value)) return malformed("Host is malformed (RFC 9110, 7.2)");

    // The fields that decide who calls, or how the body is read, must occur once.
    static constexpr known_names once{known::authorization,
                                      known::x_api_key,
                                      known::x_auth_token,
                                      known::x_sdk_date,
                                      known::x_sdk_content_sha256,
                                      known::x_security_token,
                                      known::content_type,
                                      known::x_client_token,
                                      known::expect};
    if (head.fields.repeats(once)) return malformed("a header that may occur once occurs twice (RFC 9110, 5.3)");

    if (auto p = check_length(head.fields, head.http_1_1, head.framing)) return p;
    head.framing.keep_alive = wants_keep_alive(head.fields, head.http_1_1);

    const field* const expect = head.fields.find(known::expect);
    head.expects_continue = expect != nullptr && same_name(expect->value, "100-continue");
    if (expect != nullptr && !head.expects_continue)
        return problem{fault::unknown_expectation,
                       "the only expectation taken here is 100-continue (RFC 9110, 10.1.1)"};
    return std::nullopt;
}

std::optional<problem> check_response(response_head& head) noexcept {
    head.framing = {};
    if (head.status < 100 || head.status > 599) return malformed("a status outside 100 to 599 (RFC 9110, 15)");
    if (head.status < 200 && !head.http_1_1)
        return malformed("an interim answer in HTTP/1.0, which has none (RFC 9110, 15.2)");
    if (auto p = check_length(head.fields, head.http_1_1, head.framing)) return p;
    const bool length_given =
        head.framing.body != body_framing::none || head.fields.find(known::content_length) != nullptr;
    bool may_send_more = false;
    if (head.status / 100 == 1 || head.status == 204 || head.status == 304) {
        // RFC 9110, 6.4.1: these have no body, whatever the fields say (a 304 may tell the length it would have).
        if (head.status != 304 && head.framing.body == body_framing::chunked)
            return malformed("Transfer-Encoding in an answer without a body (RFC 9112, 6.1)");
        // RFC 9110, 8.6: nor does any but a 304 give a length. A sender that gives one may yet send that many bytes:
        // they must not be read as the next answer, which follows an interim one at once, and a 204 on the same
        // connection.
        may_send_more = head.status != 304 && head.framing.body == body_framing::length;
        if (may_send_more && head.status != 204)
            return malformed("Content-Length in an interim answer (RFC 9110, 8.6)");
        head.framing.body = body_framing::none;
    } else if (!length_given) {
        head.framing.body = body_framing::until_close;  // RFC 9112, 6.3, rule 8
    }
    head.framing.keep_alive = head.framing.body != body_framing::until_close && !may_send_more &&
                              wants_keep_alive(head.fields, head.http_1_1);
    return std::nullopt;
}

bool connection_names(const field_list& fields, std::string_view option) noexcept {
    if (fields.find(known::connection) == nullptr) return false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields.name_of(i) != known::connection) continue;
        std::string_view rest = fields[i].value;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            if (same_name(without_blanks(rest.substr(0, comma)), option)) return true;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return false;
}

bool is_hop_by_hop(const field_list& fields, std::size_t index) noexcept {
    static constexpr known_names connection_fields{known::connection,
                                                   known::keep_alive,
                                                   known::proxy_connection,
                                                   known::proxy_authenticate,
                                                   known::proxy_authorization,
                                                   known::te,
                                                   known::trailer,
                                                   known::transfer_encoding,
                                                   known::upgrade};
    return connection_fields.has(fields.name_of(index)) || connection_names(fields, fields[index].name);
}

}  // namespace gateway::message
