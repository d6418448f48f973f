#include "gateway/outcome/record.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>

#include "gateway/base/append.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"

namespace gateway::outcome {

namespace {

// Longer text is cut: escaping makes six bytes of one at the most, and some twenty texts have to fit in a line.
constexpr std::size_t longest_text = 256;

// Of a line: its keys and numbers, and more texts than it has.
constexpr std::size_t max_texts = 32;
constexpr std::size_t max_bytes = 2048 + max_texts * max_json_text * longest_text;

// Writes into memory of a fixed size: a line is 25 fields, and a string would look for room at each of their parts.
// Keys come with what stands around them.
class line {
public:
    explicit line(std::array<char, max_bytes>& bytes) : out_(bytes.data(), bytes.size()) {}

    void raw(std::string_view bytes) { out_.put(bytes); }
    void text(std::string_view key_and_quote, std::string_view value) {
        if (value.empty()) return;
        raw(key_and_quote);
        const auto text = value.substr(0, longest_text);
        out_.put_by(max_json_text * text.size(), [text](char* out) { return write_json_text(out, text); });
        out_.put('"');
    }
    // Of characters that need no escape: words of ours, ids as the paths have them, hexadecimal digits.
    void plain(std::string_view key_and_quote, std::string_view value) {
        if (value.empty()) return;
        raw(key_and_quote);
        raw(value.substr(0, longest_text));
        out_.put('"');
    }
    void flag(std::string_view key, std::optional<bool> value) {
        if (!value) return;
        raw(key);
        raw(*value ? "true" : "false");
    }
    void number(std::string_view key, std::uint64_t value) {
        raw(key);
        const fmt::format_int digits(value);
        raw({digits.data(), digits.size()});
    }
    [[nodiscard]] const char* end() const { return out_.position(); }

private:
    text_writer out_;
};

std::uint64_t count(std::chrono::microseconds time) {
    return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
}

}  // namespace

std::string_view name_of(decision decision) noexcept {
    switch (decision) {
        case decision::rejected:
            return "rejected";
        case decision::denied:
            return "denied";
        case decision::allowed:
            return "allowed";
    }
    return {};
}

// The order is that of docs/outcomes.md.
void append_line(std::string& target, const record& r) {
    target += R"({"time":")";
    append_rfc3339(target, r.time);
    std::array<char, max_bytes> bytes;  // on the stack, where nothing clears it first: a string would
    line out(bytes);
    out.raw("\"");
    out.plain(R"(,"request_id":")", r.request_id);
    out.text(R"(,"peer":")", r.peer);
    out.text(R"(,"listener":")", r.listener);
    out.text(R"(,"caller":")", r.caller);
    out.plain(R"(,"proof":")", r.proof);
    out.plain(R"(,"operation":")", r.operation);
    out.plain(R"(,"api_version":")", r.api_version);
    out.plain(R"(,"project_id":")", r.project_id);
    out.plain(R"(,"server_id":")", r.server_id);
    out.plain(R"(,"job_id":")", r.job_id);
    out.text(R"(,"account":")", r.account);
    out.text(R"(,"credential":")", r.credential);
    out.text(R"(,"region":")", r.region);
    out.text(R"(,"rule":")", r.rule);
    out.text(R"(,"shadow":")", r.shadow);
    out.text(R"(,"flavor":")", r.flavor);
    out.flag(R"(,"auto_pay":)", r.auto_pay);
    out.plain(R"(,"mode":")", r.mode);
    out.flag(R"(,"dry_run":)", r.dry_run);
    out.plain(R"(,"decision":")", name_of(r.decided));
    if (r.status != 0) out.number(R"(,"status":)", r.status);
    out.text(R"(,"code":")", r.code);
    out.text(R"(,"message":")", r.message);
    if (r.upstream_status != 0) out.number(R"(,"upstream_status":)", r.upstream_status);
    out.text(R"(,"upstream_request_id":")", r.upstream_request_id);
    out.text(R"(,"result_job_id":")", r.result_job_id);
    out.text(R"(,"result_order_id":")", r.result_order_id);
    out.plain(R"(,"outcome":")", name_of(r.outcome));
    out.number(R"(,"bytes_in":)", r.bytes_in);
    out.number(R"(,"bytes_out":)", r.bytes_out);
    out.number(R"(,"duration_us":)", count(r.duration));
    if (r.upstream) out.number(R"(,"upstream_us":)", count(*r.upstream));
    // Keys that came later come last.
    out.plain(R"(,"trace_id":")", r.trace_id);
    out.plain(R"(,"auth_failure":")", r.auth_failure);
    out.text(R"(,"access_key":")", r.access_key);
    out.plain(R"(,"change_id":")", r.change_id);
    out.plain(R"(,"change_state":")", r.change_state);
    if (r.replayed) out.raw(R"(,"replayed":true)");
    out.text(R"(,"idempotency_key":")", r.idempotency_key);
    out.raw("}\n");
    target.append(static_cast<const char*>(bytes.data()), out.end());
}

void append_repeated(std::string& target, std::uint64_t calls) {
    target.append(R"(,"repeated":)").append(std::to_string(calls));
}

}  // namespace gateway::outcome
