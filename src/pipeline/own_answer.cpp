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
constexpr std::array<row, 35> table{{
    {400, "Gateway.0001"},
    {400, "Gateway.0002"},
    {400, "Gateway.0003"},
    {401, "Gateway.0101"},
    {401, "Gateway.0102"},

    {403, "Gateway.0201"},
    {403, "Gateway.0202"},
    {403, "Gateway.0203"},
    {400, "Gateway.0204"},
    {403, "Gateway.0206"},
    {404, "Gateway.0301"},
    {405, "Gateway.0302"},
    {404, "Gateway.0303"},
    {408, "Gateway.0401"},
    {413, "Gateway.0402"},
    {414, "Gateway.0403"},
    {431, "Gateway.0403"},
    {417, "Gateway.0404"},
    {501, "Gateway.0404"},
    {429, "Gateway.0405"},
    {415, "Gateway.0406"},
    {502, "Gateway.0501"},
    {503, "Gateway.0502"},
    {503, "Gateway.0503"},
    {504, "Gateway.0504"},
    {502, "Gateway.0505"},
    {503, "Gateway.0506"},
    {409, "Gateway.0601"},
    {422, "Gateway.0602"},
    {409, "Gateway.0603"},
    {409, "Gateway.0605"},
    {409, "Gateway.0606"},
    {409, "Gateway.0607"},
    {204, {}},
    {200, {}},
}};
static_assert(table.size() == static_cast<std::size_t>(answer_code::document) + 1);

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

unsigned status_of(answer_code code) noexcept { return table[static_cast<std::size_t>(code)].status; }
unsigned status_of(const own_answer& answer) noexcept {
    return answer.document ? answer.document->status : status_of(answer.code);
}
std::string_view name_of(answer_code code) noexcept { return table[static_cast<std::size_t>(code)].name; }

namespace {

// Whether the cloud may have acted, of a 5xx: the official SDKs show no field but X-Request-Id, so the message alone
// tells who is about to repeat a call.
std::string_view advice_of(const own_answer& answer) {
    // A 501 is the request's own fault: it can't be repeated as it is.
    if (status_of(answer.code) < 500 || answer.code == answer_code::credential_refused ||
        answer.code == answer_code::unknown_coding)
        return {};
    if (answer.cloud == delivery::unknown)
        return ". The call was or may have been sent: look at the server's state before you repeat it";
    return answer.rejected_by_cloud
               ? ". The call was sent, and the cloud turned it away before doing anything: it can be repeated"
               : ". Nothing was sent: the call can be repeated";
}

}  // namespace

std::string message_of(const own_answer& answer) {
    std::string message = answer.message;
    if (answer.document) return message;
    message += advice_of(answer);
    const change_note& change = answer.change;
    if (!change.id.empty() && answer.message.find(change.id) == std::string::npos)
        message.append(". Its change is ").append(change.id).append(", its state ").append(change.state);
    if (!change.awaiting_payment.empty())
        message.append(". An earlier change of the server, ")
            .append(change.awaiting_payment)
            .append(", awaits payment");
    return message;
}

void append_change_fields(std::string& out, const change_note& note) {
    if (!note.id.empty()) append_field(out, "X-Gateway-Change-Id", note.id);
    if (!note.state.empty()) append_field(out, "X-Gateway-Change-State", note.state);
    if (!note.busy_with.empty()) append_field(out, "X-Gateway-Busy-With", note.busy_with);
    if (!note.awaiting_payment.empty()) append_field(out, "X-Gateway-Awaiting-Payment", note.awaiting_payment);
    if (note.is_replayed) append_field(out, "Idempotent-Replayed", "true");
}

void write_own_answer(std::string& out, const own_answer& answer, std::string_view request_id, bool close,
                      std::chrono::system_clock::time_point now) {
    const unsigned status = status_of(answer);
    std::string body;
    std::string_view content_type = "application/json";
    if (answer.document) {
        body = answer.document->body;
        content_type = answer.document->content_type;
    } else if (status != 204) {
        body.append(R"({"error":{"code":")").append(name_of(answer.code)).append(R"(","message":)");
        append_json_string(body, message_of(answer));
        body += "}}";
    }
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    out = "HTTP/1.1 ";
    out.append(std::to_string(status)).append(" ").append(reason.data(), reason.size()).append("\r\n");
    append_field(out, "Date", http_date(now).text());
    if (status != 204) {  // RFC 9110, 8.6: without content there is no length either
        if (!content_type.empty()) append_field(out, "Content-Type", content_type);
        append_field(out, "Content-Length", std::to_string(body.size()));
    }
    append_field(out, "X-Gateway-Request-Id", request_id);
    append_field(out, "X-Request-Id", request_id);  // where the official SDKs look
    append_field(out, "X-Gateway-Outcome", name_of(answer.cloud));
    append_change_fields(out, answer.change);
    if (!answer.allow.empty()) append_field(out, "Allow", answer.allow);
    if (answer.retry_after.count() > 0) append_field(out, "Retry-After", std::to_string(answer.retry_after.count()));
    if (status == 401)
        append_field(out, "WWW-Authenticate", "SDK-HMAC-SHA256, V11-HMAC-SHA256, Bearer");  // RFC 9110, 15.5.2
    if (close) append_field(out, "Connection", "close");
    out += "\r\n";
    out += body;
}

}  // namespace gateway::pipeline
