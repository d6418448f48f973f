#include "gateway/pipeline/own_answer.hpp"

#include <array>
#include <boost/beast/http/status.hpp>

#include "gateway/base/escape.hpp"
#include "http_date.hpp"

namespace gateway::pipeline {

namespace {

struct row {
    unsigned status;
    std::string_view name;
};

// In the order of answer_code.
constexpr std::array<row, 24> table{{
    {400, "Gateway.0001"}, {400, "Gateway.0002"}, {401, "Gateway.0101"}, {401, "Gateway.0102"},
    {401, "Gateway.0103"}, {403, "Gateway.0201"}, {403, "Gateway.0202"}, {403, "Gateway.0206"},
    {404, "Gateway.0301"}, {405, "Gateway.0302"}, {408, "Gateway.0401"}, {413, "Gateway.0402"},
    {414, "Gateway.0403"}, {431, "Gateway.0403"}, {417, "Gateway.0404"}, {501, "Gateway.0404"},
    {429, "Gateway.0405"}, {415, "Gateway.0406"}, {502, "Gateway.0501"}, {503, "Gateway.0502"},
    {503, "Gateway.0503"}, {504, "Gateway.0504"}, {502, "Gateway.0505"}, {204, {}},
}};
static_assert(table.size() == static_cast<std::size_t>(answer_code::server_options) + 1);

void append_field(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

unsigned status_of(answer_code which) noexcept { return table[static_cast<std::size_t>(which)].status; }
std::string_view name_of(answer_code which) noexcept { return table[static_cast<std::size_t>(which)].name; }

own_answer answer_to(const http::refused& why) {
    own_answer answer;
    answer.message = why.why;
    switch (why.what) {
        case http::refusal::malformed:
            answer.code = answer_code::malformed;
            answer.message.insert(0, "this is not a well-formed HTTP request: ");
            break;
        case http::refusal::late:
            answer.code = answer_code::late;
            break;
        case http::refusal::body_too_large:
            answer.code = answer_code::body_too_large;
            break;
        case http::refusal::line_too_long:
            answer.code = answer_code::line_too_long;
            break;
        case http::refusal::header_too_long:
            answer.code = answer_code::header_too_long;
            break;
        case http::refusal::unknown_coding:
        case http::refusal::method_too_long:
            answer.code = answer_code::unknown_coding;
            break;
        case http::refusal::unknown_expectation:
            answer.code = answer_code::unknown_expectation;
            break;
        case http::refusal::over_capacity:
        case http::refusal::no_memory:
            answer.code = answer_code::no_capacity;
            answer.retry_after = std::chrono::seconds(1);
            break;
    }
    return answer;
}

own_answer answer_to(const upstream::failure& why) {
    own_answer answer;
    const bool sent = why.delivery == delivery::unknown;
    answer.cloud = sent ? delivery::unknown : delivery::not_sent;
    answer.code = why.timed_out && sent ? answer_code::cloud_late : answer_code::unreachable;
    answer.message = answer.code == answer_code::cloud_late
                         ? "the region's endpoint did not answer in time ("
                         : "the region's endpoint can't be reached, or its answer is not HTTP (";
    answer.message += why.text();
    answer.message += ')';
    return answer;
}

outcome::upstream_error kind_of(const upstream::failure& why) noexcept {
    static_assert(static_cast<int>(upstream::step::parse) == static_cast<int>(outcome::upstream_error::parse));
    return why.timed_out ? outcome::upstream_error::timeout : static_cast<outcome::upstream_error>(why.step);
}

std::string message_of(const own_answer& what) {
    // The official SDKs show no field but X-Request-Id: the message alone tells who is about to repeat a call.
    // A 501 is the request's own fault: it can't be repeated as it is.
    if (status_of(what.code) < 500 || what.code == answer_code::credential_refused ||
        what.code == answer_code::unknown_coding)
        return what.message;
    if (what.cloud == delivery::unknown)
        return what.message + ". The call was or may have been sent: look at the server's state before you repeat it";
    return what.message + (what.turned_away
                               ? ". The call was sent, and the cloud turned it away before doing anything: it can be "
                                 "repeated"
                               : ". Nothing was sent: the call can be repeated");
}

void write_own_answer(std::string& to, const own_answer& what, std::string_view request_id, bool close,
                      std::chrono::system_clock::time_point now) {
    const unsigned status = status_of(what.code);
    std::string body;
    if (status != 204) {
        body.append(R"({"error":{"code":")").append(name_of(what.code)).append(R"(","message":)");
        append_json_string(body, message_of(what));
        body += "}}";
    }
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    to = "HTTP/1.1 ";
    to.append(std::to_string(status)).append(" ").append(reason.data(), reason.size()).append("\r\n");
    append_field(to, "Date", http_date(now).text());
    if (!body.empty()) {  // RFC 9110, 8.6: none has no length either
        append_field(to, "Content-Type", "application/json");
        append_field(to, "Content-Length", std::to_string(body.size()));
    }
    append_field(to, "X-Gateway-Request-Id", request_id);
    append_field(to, "X-Request-Id", request_id);  // where the official SDKs look
    append_field(to, "X-Gateway-Outcome", name_of(what.cloud));
    if (!what.allow.empty()) append_field(to, "Allow", what.allow);
    if (what.retry_after.count() > 0) append_field(to, "Retry-After", std::to_string(what.retry_after.count()));
    if (status == 401)
        append_field(to, "WWW-Authenticate", "SDK-HMAC-SHA256, V11-HMAC-SHA256, Bearer");  // RFC 9110, 15.5.2
    if (close) append_field(to, "Connection", "close");
    to += "\r\n";
    to += body;
}

}  // namespace gateway::pipeline
