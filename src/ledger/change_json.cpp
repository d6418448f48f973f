#include "gateway/ledger/change_json.hpp"

#include <string_view>

#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"

namespace gateway::ledger {

namespace {

// The members of one object.
class object_writer {
public:
    explicit object_writer(std::string& to) : to_(to) { to_ += '{'; }
    void close() { to_ += '}'; }

    void text(std::string_view key, std::string_view value) {
        if (value.empty()) return;
        begin(key);
        append_json_string(to_, value);
    }
    void time(std::string_view key, instant value) {
        begin(key);
        to_ += '"';
        append_rfc3339(to_, value);
        to_ += '"';
    }
    void time(std::string_view key, const std::optional<instant>& value) {
        if (value) time(key, *value);
    }
    void flag(std::string_view key, std::optional<bool> value) {
        if (!value) return;
        begin(key);
        to_ += *value ? "true" : "false";
    }
    void texts(std::string_view key, const std::vector<std::string>& values) {
        begin(key);
        to_ += '[';
        for (const std::string& each : values) {
            if (&each != values.data()) to_ += ',';
            append_json_string(to_, each);
        }
        to_ += ']';
    }
    void begin(std::string_view key) {
        if (!is_first_) to_ += ',';
        is_first_ = false;
        to_.append("\"").append(key).append("\":");
    }

private:
    std::string& to_;
    bool is_first_ = true;
};

void append_history(std::string& to, const std::vector<history_entry>& history) {
    to += '[';
    for (const history_entry& each : history) {
        if (&each != history.data()) to += ',';
        object_writer entry(to);
        entry.time("at", each.time);
        entry.text("state", each.state);
        entry.text("detail", each.detail);
        entry.close();
    }
    to += ']';
}

}  // namespace

void append_json(std::string& to, const change& c) {
    const change_request& request = c.request;
    object_writer out(to);
    out.text("id", request.id);
    out.text("state", name(c.current));
    out.text("operation", request.operation);
    out.text("caller", request.identity.caller);
    out.text("subject", request.identity.subject);
    out.text("account", request.identity.account);
    out.text("project_id", request.project_id);
    out.text("region", request.region);
    out.texts("server_ids", request.server_ids);
    out.text("flavor", request.flavor);
    out.flag("auto_pay", request.auto_pay);
    out.text("idempotency_key", request.identity.key);
    out.time("begun", request.begun);
    out.time("updated", c.updated);
    out.time("ended", c.ended);
    out.flag("holds", c.holds);
    out.text("job_id", c.known.job_id);
    out.text("order_id", c.known.order_id);
    out.text("amount", c.known.amount);
    out.text("currency", c.known.currency);
    out.text("code", c.known.code);
    out.text("message", c.known.message);
    out.text("evidence", c.evidence);
    out.text("resolved_by", c.resolved_by);
    out.text("reason", c.reason);
    if (!c.history.empty()) {
        out.begin("history");
        append_history(to, c.history);
    }
    out.close();
}

void append_json(std::string& to, const change_page& page) {
    object_writer out(to);
    out.begin("changes");
    to += '[';
    for (const change& each : page.changes) {
        if (&each != page.changes.data()) to += ',';
        append_json(to, each);
    }
    to += ']';
    out.text("next_marker", page.next_marker);
    out.close();
}

void append_json(std::string& to, const freeze& f) {
    object_writer out(to);
    out.text("id", f.id);
    out.text("account", f.scope.account);
    out.text("caller", f.scope.caller);
    out.text("server_id", f.scope.server_id);
    out.texts("operations", f.scope.operations);
    out.text("reason", f.reason);
    out.text("by", f.author);
    out.time("since", f.since);
    out.time("until", f.until);
    out.close();
}

}  // namespace gateway::ledger
