#include "postgresql_rows.hpp"

#include <algorithm>
#include <utility>

#include "gateway/base/escape.hpp"
#include "gateway/base/hex.hpp"
#include "row_texts.hpp"

namespace gateway::ledger {

const char* const change_columns =
    "c.number, c.version, c.key_freed, c.server_count, c.signature, c.process, c.is_silent, c.is_rated, c.is_counted, "
    "c.id, c.state, "
    "c.operation, c.caller, c.subject, c.account, c.project_id, c.region, c.rule, c.flavor, c.auto_pay, c.is_prepaid, "
    "c.server_ids, c.holds_server, c.hold_is_over, c.key, c.fingerprint, c.begun, c.signed_at, c.updated, c.ended, "
    "c.last_good_answer, c.job_id, c.job_status, c.order_id, c.amount, c.currency, c.code, c.message, c.evidence, "
    "c.resolved_by, c.reason, c.was_contradicted, c.answer_status, c.answer_type, c.answer_body, c.due, c.claimed_by, "
    "c.fence";

namespace {

class reader {
public:
    reader(const postgresql_rows& rows, int row) : rows_(rows), row_(row) {}
    std::int64_t integer() { return rows_.integer(row_, column_++); }
    bool flag() { return integer() != 0; }
    std::optional<bool> maybe_flag() {
        const bool is_null = rows_.is_null(row_, column_);
        const bool value = flag();
        return is_null ? std::nullopt : std::optional(value);
    }
    std::string text() { return rows_.text(row_, column_++); }
    std::string bytes() { return rows_.bytes(row_, column_++); }
    instant time() { return rows_.time(row_, column_++); }
    std::optional<instant> maybe_time() { return rows_.maybe_time(row_, column_++); }

private:
    const postgresql_rows& rows_;
    int row_, column_ = 0;
};

}  // namespace

postgresql_row read_change(const postgresql_rows& rows, int at) {
    reader r(rows, at);
    postgresql_row row;
    change& c = row.change;
    change_request& q = c.request;
    for (std::int64_t* number : {&row.number, &row.version, &row.key_freed, &row.server_count})
        *number = r.integer();
    row.signature = r.bytes();
    row.process = r.text();
    row.is_silent = r.flag();
    row.is_rated = r.flag();
    row.is_counted = r.flag();
    q.id = r.text();
    c.current = read_state(r.text()).value_or(state::unknown);
    for (std::string* text : {&q.operation, &q.identity.caller, &q.identity.subject, &q.identity.account, &q.project_id,
                              &q.region, &q.rule, &q.flavor})
        *text = r.text();
    q.auto_pay = r.maybe_flag();
    q.is_prepaid = r.maybe_flag();
    q.server_ids = split(r.text());
    q.holds_server = r.flag();
    row.hold_is_over = r.flag();
    q.identity.key = r.text();
    q.identity.fingerprint = r.bytes();
    q.begun = r.time();
    q.identity.signed_at = std::chrono::sys_seconds(std::chrono::seconds(r.integer()));
    c.updated = r.time();
    c.ended = r.maybe_time();
    row.last_good_answer = r.maybe_time();
    c.known.job_id = r.text();
    c.job_status = r.text();
    for (std::string* text : {&c.known.order_id, &c.known.amount, &c.known.currency, &c.known.code, &c.known.message,
                              &c.evidence, &c.resolved_by, &c.reason})
        *text = r.text();
    c.was_contradicted = r.flag();
    const auto status = static_cast<int>(r.integer());
    std::string type = r.text();
    std::string body = r.bytes();
    if (status != 0 && !body.empty()) c.answer = kept_answer{status, std::move(type), std::move(body)};
    row.due = r.maybe_time();
    row.claimed_by = r.text();
    row.fence = r.integer();
    return row;
}

json_rows& json_rows::begin() {
    if (size_ != 0) all_ += "},";
    all_ += '{';
    ++size_;
    is_first_ = true;
    return *this;
}

void json_rows::name(std::string_view column) {
    if (!is_first_) all_ += ',';
    is_first_ = false;
    all_.append("\"").append(column).append("\":");
}

json_rows& json_rows::text(std::string_view column, std::string_view value) {
    name(column);
    if (value.find('\0') == std::string_view::npos) {
        append_json_string(all_, value);
    } else {  // PostgreSQL has no text with it; a byte that is no UTF-8 becomes U+FFFD
        std::string without(value);
        std::ranges::replace(without, '\0', '\xff');
        append_json_string(all_, without);
    }
    return *this;
}

json_rows& json_rows::text_or_null(std::string_view column, std::string_view value) {
    if (!value.empty()) return text(column, value);
    name(column);
    all_ += "null";
    return *this;
}

json_rows& json_rows::bytes(std::string_view column, std::string_view value) {
    name(column);
    if (value.empty()) {
        all_ += "null";
        return *this;
    }
    all_ += "\"\\\\x";
    all_ += to_hex({reinterpret_cast<const unsigned char*>(value.data()), value.size()});
    all_ += '"';
    return *this;
}

json_rows& json_rows::number(std::string_view column, std::int64_t value) {
    name(column);
    all_ += std::to_string(value);
    return *this;
}

json_rows& json_rows::time(std::string_view column, instant value) {
    return number(column, value.time_since_epoch().count());
}

json_rows& json_rows::time(std::string_view column, const std::optional<instant>& value) {
    if (value) return time(column, *value);
    name(column);
    all_ += "null";
    return *this;
}

json_rows& json_rows::flag(std::string_view column, std::optional<bool> value) {
    if (value) return number(column, *value ? 1 : 0);
    name(column);
    all_ += "null";
    return *this;
}

std::string json_rows::finish() {
    if (size_ != 0) all_ += '}';
    all_ += ']';
    return std::exchange(all_, "[");
}

namespace {

void append_moved_columns(json_rows& to, const postgresql_row& row) {
    const change& c = row.change;
    to.number("number", row.number).number("version", row.version).text("state", name(c.current));
    to.flag("hold_is_over", row.hold_is_over).number("key_freed", row.key_freed).bytes("signature", row.signature);
    to.flag("is_silent", row.is_silent)
        .flag("is_counted", row.is_counted)
        .flag("is_prepaid", c.request.is_prepaid)
        .time("updated", c.updated);
    to.time("ended", c.ended).time("last_good_answer", row.last_good_answer);
    to.text_or_null("job_id", c.known.job_id).text_or_null("job_status", c.job_status);
    to.text_or_null("order_id", c.known.order_id).text_or_null("amount", c.known.amount);
    to.text_or_null("currency", c.known.currency).text_or_null("code", c.known.code);
    to.text_or_null("message", c.known.message).text_or_null("evidence", c.evidence);
    to.text_or_null("resolved_by", c.resolved_by).text_or_null("reason", c.reason);
    to.flag("was_contradicted", c.was_contradicted);
    if (c.answer)
        to.number("answer_status", c.answer->status)
            .text("answer_type", c.answer->content_type)
            .bytes("answer_body", c.answer->body);
    to.time("due", row.due).text_or_null("claimed_by", row.claimed_by).number("fence", row.fence);
}

}  // namespace

void append_change(json_rows& to, const postgresql_row& row) {
    to.begin();
    append_moved_columns(to, row);
    if (!row.is_new) return;
    const change_request& q = row.change.request;
    to.text("id", q.id).text("operation", q.operation).text("caller", q.identity.caller);
    to.text("subject", q.identity.subject).text("account", q.identity.account).text("project_id", q.project_id);
    to.text("region", q.region).text("rule", q.rule).text_or_null("flavor", q.flavor).flag("auto_pay", q.auto_pay);
    to.text("server_ids", join(q.server_ids)).number("server_count", row.server_count);
    to.flag("holds_server", q.holds_server).text_or_null("key", q.identity.key);
    to.bytes("fingerprint", q.identity.fingerprint).time("begun", q.begun);
    to.number("signed_at", q.identity.signed_at.time_since_epoch().count());
    to.text("process", row.process).flag("is_rated", row.is_rated);
}

std::string bytea(std::string_view bytes) {
    return "\\x" + to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string text_array(const std::vector<std::string>& values) {
    std::string made = "{";
    for (const std::string& each : values) {
        if (made.size() > 1) made += ',';
        made += '"';
        for (const char one : each) {
            if (one == '"' || one == '\\') made += '\\';
            if (one != '\0') made += one;
        }
        made += '"';
    }
    return made + "}";
}

}  // namespace gateway::ledger
