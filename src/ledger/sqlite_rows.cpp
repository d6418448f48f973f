#include "sqlite_rows.hpp"

#include <algorithm>

namespace gateway::ledger {

namespace {

#define CHANGE_COLUMNS                                                                                              \
    "row, id, state, operation, caller, subject, account, project_id, region, rule, flavor, auto_pay, is_prepaid, " \
    "server_ids, holds_server, hold_is_over, key, fingerprint, begun, updated, ended, last_good_answer, job_id, "   \
    "job_status, order_id, amount, currency, code, message, evidence, resolved_by, reason, was_contradicted, "      \
    "answer_status, answer_type, answer_body, fence, signed_at, due, claimed_by"

class reader {
public:
    explicit reader(const statement& row) : row_(row) {}
    std::int64_t integer() { return row_.integer(column_++); }
    bool flag() { return integer() != 0; }
    std::string text() { return row_.text(column_++); }
    instant time() { return row_.time(column_++); }
    template <class Read>
    auto maybe(Read read) -> std::optional<decltype(read(*this))> {
        if (!row_.is_null(column_)) return read(*this);
        ++column_;
        return std::nullopt;
    }

private:
    const statement& row_;
    int column_ = 0;
};

change_row read_columns(const statement& columns) {
    const auto flag = [](reader& r) { return r.flag(); };
    const auto time = [](reader& r) { return r.time(); };
    reader r(columns);
    change_row row;
    change& c = row.change;
    change_request& q = c.request;
    row.row = r.integer();
    q.id = r.text();
    c.current = read_state(r.text()).value_or(state::unknown);
    for (std::string* text : {&q.operation, &q.identity.caller, &q.identity.subject, &q.identity.account, &q.project_id,
                              &q.region, &q.rule, &q.flavor})
        *text = r.text();
    q.auto_pay = r.maybe(flag);
    q.is_prepaid = r.maybe(flag);
    q.server_ids = split(r.text());
    q.holds_server = r.flag();
    row.hold_is_over = r.flag();
    q.identity.key = r.text();
    q.identity.fingerprint = r.text();
    q.begun = r.time();
    c.updated = r.time();
    c.ended = r.maybe(time);
    row.last_good_answer = r.maybe(time);
    c.known.job_id = r.text();
    c.job_status = r.text();
    for (std::string* text : {&c.known.order_id, &c.known.amount, &c.known.currency, &c.known.code, &c.known.message,
                              &c.evidence, &c.resolved_by, &c.reason})
        *text = r.text();
    c.was_contradicted = r.flag();
    const auto status = r.maybe([](reader& each) { return static_cast<int>(each.integer()); });
    kept_answer answer{status.value_or(0), r.text(), r.text()};
    if (status && !answer.body.empty()) c.answer = std::move(answer);
    row.fence = r.integer();
    q.identity.signed_at = std::chrono::sys_seconds(std::chrono::seconds(r.integer()));
    row.due = r.maybe(time);
    row.claimed_by = r.text();
    return row;
}

}  // namespace

std::optional<change_row> find_row(connection& db, std::string_view id) {
    query found(db, "SELECT " CHANGE_COLUMNS " FROM changes WHERE id = ?", id);
    if (!found.next()) return std::nullopt;
    return read_columns(*found);
}

change_row read_row(connection& db, std::int64_t row) {
    query found(db, "SELECT " CHANGE_COLUMNS " FROM changes WHERE row = ?", row);
    if (!found.next()) throw sqlite_error(SQLITE_CORRUPT, "a change is named that is not there");
    return read_columns(*found);
}

bool holds_now(connection& db, const change_row& row, instant now) {
    if (!row.change.request.holds_server || row.hold_is_over) return false;
    return std::ranges::any_of(row.change.request.server_ids, [&](const std::string& server) {
        query held(db,
                   "SELECT 1 FROM holds WHERE project_id = ? AND server_id = ? AND change = ?"
                   " AND (until IS NULL OR until > ?)",
                   row.change.request.project_id, server, row.row, now);
        return held.next();
    });
}

// The first entry is not written: it is the row itself.
std::vector<history_entry> read_history(connection& db, const change_row& row) {
    std::vector<history_entry> entries{{row.change.request.begun, std::string(name(state::sending)), {}}};
    query rows(db, "SELECT at, state, detail FROM history WHERE change = ? ORDER BY number", row.row);
    while (rows.next())
        entries.push_back({rows->time(0), rows->text(1), rows->text(2)});
    for (const evidence_entry& each : read_evidence(db, row.row)) {
        const auto is_later = [&](const history_entry& entry) { return entry.time > each.time; };
        entries.insert(std::ranges::find_if(entries, is_later),
                       {each.time, "evidence", each.source + " says " + each.says + ": " + each.detail});
    }
    return entries;
}

void add_history(connection& db, std::int64_t row, instant time, std::string_view state, std::string_view detail) {
    run(db, "INSERT INTO history SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4 FROM history WHERE change = ?1",
        row, time, state, detail);
}

std::optional<std::int64_t> insert_change(connection& db, const change_request& q, state first,
                                          std::string_view process) {
    const bool ended = has_ended(first);
    const std::string digest = ended ? std::string() : signature_digest(q.identity);
    const std::string server_ids = join(q.server_ids);
    const auto signature = digest.empty() ? std::nullopt : std::optional(blob_view{digest});
    const auto written = run(
        db,
        "INSERT INTO changes (id, state, operation, caller, subject, account, project_id, region, rule, flavor,"
        " auto_pay, is_prepaid, server_ids, server_count, holds_server, key, signature, fingerprint, begun, signed_at,"
        " updated, ended, process, is_rated, is_counted, hold_is_over)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        q.id, first, q.operation, q.identity.caller, q.identity.subject, q.identity.account, q.project_id, q.region,
        q.rule, or_null(q.flavor), q.auto_pay, q.is_prepaid, server_ids, q.server_ids.size(), q.holds_server,
        ended ? std::nullopt : or_null(q.identity.key), signature, blob_view{q.identity.fingerprint}, q.begun,
        q.identity.signed_at.time_since_epoch().count(), q.begun, ended ? std::optional(q.begun) : std::nullopt,
        process, q.rate.has_value(), counts_for_rate(first), ended);
    if (written == 0) return std::nullopt;
    const std::int64_t row = db.last_row();
    // Another change may have the key by now.
    if (ended) run(db, "UPDATE changes SET key = ?, key_freed = row WHERE row = ?", or_null(q.identity.key), row);
    for (const std::string& server : q.server_ids)
        run(db, "INSERT OR IGNORE INTO servers VALUES (?, ?)", server, row);
    return row;
}

}  // namespace gateway::ledger
