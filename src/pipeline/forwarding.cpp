#include "gateway/pipeline/forwarding.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "gateway/base/append.hpp"
#include "gateway/base/visible_ascii.hpp"
#include "http_date.hpp"

namespace gateway::pipeline {

using namespace std::string_view_literals;
using message::known;

bool append_forwarded(std::string& out, const message::field_list& fields) {
    bool has_trace = false;
    static constexpr message::known_names forwarded{known::accept,         known::user_agent,  known::x_language,
                                                    known::x_client_token, known::traceparent, known::tracestate};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!forwarded.has(fields.name_of(i)) || message::is_hop_by_hop(fields, i)) continue;
        if (!is_visible_ascii(fields[i].value)) continue;
        append(out, fields[i].name, ": "sv, fields[i].value, "\r\n"sv);
        has_trace = has_trace || fields.name_of(i) == known::traceparent;
    }
    return has_trace;
}

namespace {

// Fields of an answer that concern the gateway and the cloud alone: cookies and tokens are the gateway's, a challenge
// is to the gateway's proof, and what tells of other ways to the cloud's host (RFC 7838, RFC 6797) must not be kept for
// the gateway's.
bool is_not_forwarded(const field& one) noexcept {
    switch (one.name.size()) {
        case 7:
            return same_name(one.name, "Alt-Svc");
        case 8:
            // Another host than the one that was asked: whoever follows it leaves the gateway, with a proof meant for
            // it.
            return same_name(one.name, "Location") &&
                   (!one.value.starts_with('/') || one.value.starts_with("//") || one.value.starts_with("/\\"));
        case 10:
            return same_name(one.name, "Set-Cookie");
        case 11:
            return same_name(one.name, "Set-Cookie2");
        case 12:
            return same_name(one.name, "X-Auth-Token");
        case 15:
            return same_name(one.name, "X-Subject-Token");
        case 16:
            return same_name(one.name, "WWW-Authenticate") || same_name(one.name, "X-Security-Token");
        case 19:
            return same_name(one.name, "Authentication-Info") || same_name(one.name, "Idempotent-Replayed");
        case 25:
            return same_name(one.name, "Strict-Transport-Security");
        default:
            return false;
    }
}

}  // namespace

void write_response_head(std::string& target, const message::response_head& response, std::string_view request_id,
                         std::string_view added_fields, const response_framing& framing,
                         std::chrono::system_clock::time_point now) {
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
    // 158 for the other words below, with numbers of 20 digits and a date of 29 characters, and some more.
    std::size_t max_size = 192 + reason.size() + request_id.size() + added_fields.size();
    for (const field& each : response.fields.all())
        max_size += each.name.size() + each.value.size() + 4;
    target.resize(max_size);
    text_writer out(target.data(), target.size());
    out.put("HTTP/1.1 "sv, digits(response.status), " "sv, std::string_view(reason.data(), reason.size()), "\r\n"sv);
    // X-Gateway-… are the gateway's own words: nobody else speaks them.
    static constexpr message::known_names own_fields{known::content_length, known::x_gateway};
    if (response.fields.find(known::date) == nullptr)
        out.put("Date: "sv, http_date(now).text(), "\r\n"sv);  // RFC 9110, 6.6.1
    for (std::size_t i = 0; i < response.fields.size(); ++i) {
        if (is_not_forwarded(response.fields[i])) continue;
        if (own_fields.has(response.fields.name_of(i)) || message::is_hop_by_hop(response.fields, i)) continue;
        out.put(response.fields[i].name, ": "sv, response.fields[i].value, "\r\n"sv);
    }
    // RFC 9110, 7.6.3: behind what the cloud's own intermediaries put there.
    out.put("Via: "sv, response.http_1_1 ? "1.1"sv : "1.0"sv, " ecs-gateway\r\nX-Gateway-Request-Id: "sv, request_id,
            "\r\n"sv, added_fields);
    switch (framing.type) {
        case response_framing::kind::none:
            break;
        case response_framing::kind::length:
            out.put("Content-Length: "sv, digits(framing.length), "\r\n"sv);
            break;
        case response_framing::kind::chunked:
            out.put("Transfer-Encoding: chunked\r\n"sv);
            break;
        case response_framing::kind::until_close:
            break;
    }
    if (framing.close) out.put("Connection: close\r\n"sv);
    out.put("\r\n"sv);
    target.resize(static_cast<std::size_t>(out.position() - target.data()));
}

std::string without_credential(std::string_view message, std::string_view access_key) {
    // "verify aksk signature fail, canonicalRequest:POST|/v1.1/…": spelled so by the cloud's API gateway. Whatever else
    // looks like a piece of what was signed ends the text as well.
    std::size_t end = message.size();
    for (const std::string_view echo :
         {"canonicalRequest", "SignedHeaders", "Signature=", "x-security-token:", "X-Security-Token"})
        end = std::min(end, message.find(echo));
    std::string cut(message.substr(0, end));
    if (end < message.size()) cut += "[echo of the request cut out]";
    if (access_key.empty()) return cut;
    for (auto position = cut.find(access_key); position != std::string::npos; position = cut.find(access_key, position))
        cut.replace(position, access_key.size(), "[access key]");
    return cut;
}

bool says_expired(std::string_view message, bool is_token) noexcept {
    const auto says = [&](std::string_view words) {
        return std::search(message.begin(), message.end(), words.begin(), words.end(),
                           [](char a, char b) { return lower_case(a) == b; }) != message.end();
    };
    if (says("token expire") || says("token must be updated") || says("token has expired")) return true;
    if (is_token) return says("decrypt token fail") || says("token is invalid");
    return says("securitytoken") || says("security token") || says("not exist");  // a temporary key is gone at its end
}

}  // namespace gateway::pipeline
