#include "gateway/pipeline/forwarding.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>

namespace gateway::pipeline {

using namespace std::string_view_literals;

bool append_passed_on(std::string& to, std::span<const field> fields) {
    bool has_trace = false;
    static constexpr std::array<std::string_view, 7> passed_on{
        "Content-Type", "Accept", "User-Agent", "X-Language", "X-Client-Token", "traceparent", "tracestate"};
    for (const field& f : fields) {
        if (std::none_of(passed_on.begin(), passed_on.end(),
                         [&](std::string_view name) { return same_name(f.name, name); }))
            continue;
        if (message::has_token(fields, "Connection", f.name))
            continue;  // the caller made it hop-by-hop (RFC 9110, 7.6.1)
        to.append(f.name).append(": "sv).append(f.value).append("\r\n"sv);
        has_trace = has_trace || same_name(f.name, "traceparent");
    }
    return has_trace;
}

void write_answer_head(std::string& to, const message::response_head& from, std::string_view request_id,
                       const answer_framing& how) {
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(from.status));
    to = "HTTP/1.1 ";
    to.append(std::to_string(from.status)).append(" "sv).append(reason.data(), reason.size()).append("\r\n"sv);
    for (const field& f : from.fields) {
        // X-Gateway-… are the gateway's own words: nobody else speaks them.
        if (message::is_hop_by_hop(f.name, from.fields) || same_name(f.name, "Content-Length") ||
            (f.name.size() > 10 && same_name(f.name.substr(0, 10), "X-Gateway-")))
            continue;
        to.append(f.name).append(": "sv).append(f.value).append("\r\n"sv);
    }
    to.append("X-Gateway-Request-Id: "sv).append(request_id).append("\r\n"sv);
    switch (how.is) {
        case answer_framing::kind::none:
            break;
        case answer_framing::kind::length:
            to.append("Content-Length: "sv).append(std::to_string(how.length)).append("\r\n"sv);
            break;
        case answer_framing::kind::chunked:
            to += "Transfer-Encoding: chunked\r\n"sv;
            break;
        case answer_framing::kind::until_close:
            break;
    }
    if (how.close) to += "Connection: close\r\n"sv;
    to += "\r\n"sv;
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
    for (auto at = cut.find(access_key); at != std::string::npos; at = cut.find(access_key, at))
        cut.replace(at, access_key.size(), "[access key]");
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
