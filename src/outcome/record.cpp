#include "gateway/outcome/record.hpp"

#include <spdlog/fmt/fmt.h>

#include <iterator>

#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"

namespace gateway::outcome {

namespace {

// Longer text is cut: escaping makes six bytes of one at the most, and some twenty texts have to fit in a line.
constexpr std::size_t longest_text = 256;

class line {
public:
    explicit line(std::string& to) : to_(to) {}

    void text(std::string_view key, std::string_view value) {
        if (value.empty()) return;
        name(key);
        append_json_string(to_, value.substr(0, longest_text));
    }
    void flag(std::string_view key, std::optional<bool> value) {
        if (!value) return;
        name(key);
        to_ += *value ? "true" : "false";
    }
    void number(std::string_view key, std::uint64_t value) {
        name(key);
        const fmt::format_int digits(value);
        to_.append(digits.data(), digits.size());
    }
    void name(std::string_view key) {
        to_ += first_ ? "{\"" : ",\"";
        first_ = false;
        to_ += key;
        to_ += "\":";
    }

private:
    std::string& to_;
    bool first_ = true;
};

std::uint64_t count(std::chrono::microseconds time) {
    return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
}

}  // namespace

std::string_view name_of(decision which) noexcept {
    switch (which) {
        case decision::rejected:
            return "rejected";
        case decision::denied:
            return "denied";
        case decision::allowed:
            return "allowed";
    }
    return {};
}

std::string_view name_of(reached which) noexcept {
    switch (which) {
        case reached::not_sent:
            return "not_sent";
        case reached::answered:
            return "answered";
        case reached::unknown:
            return "unknown";
    }
    return {};
}

// The order is the contract's.
void append_line(std::string& to, const record& r) {
    line out(to);
    out.name("time");
    to += '"';
    append_rfc3339(to, r.time);
    to += '"';
    out.text("request_id", r.request_id);
    out.text("peer", r.peer);
    out.text("listener", r.listener);
    out.text("caller", r.caller);
    out.text("proof", r.proof);
    out.text("operation", r.operation);
    out.text("api_version", r.api_version);
    out.text("project_id", r.project_id);
    out.text("server_id", r.server_id);
    out.text("job_id", r.job_id);
    out.text("account", r.account);
    out.text("credential", r.credential);
    out.text("region", r.region);
    out.text("rule", r.rule);
    out.text("shadow", r.shadow);
    out.text("flavor", r.flavor);
    out.flag("auto_pay", r.auto_pay);
    out.text("mode", r.mode);
    out.flag("dry_run", r.dry_run);
    out.text("decision", name_of(r.decided));
    if (r.status != 0) out.number("status", r.status);
    out.text("code", r.code);
    out.text("message", r.message);
    if (r.upstream_status != 0) out.number("upstream_status", r.upstream_status);
    out.text("upstream_request_id", r.upstream_request_id);
    out.text("result_job_id", r.result_job_id);
    out.text("result_order_id", r.result_order_id);
    out.text("outcome", name_of(r.outcome));
    out.number("bytes_in", r.bytes_in);
    out.number("bytes_out", r.bytes_out);
    out.number("duration_us", count(r.duration));
    if (r.upstream) out.number("upstream_us", count(*r.upstream));
    to += "}\n";
}

}  // namespace gateway::outcome
