// The statements that write what a batch has changed.
#include <algorithm>

#include "postgresql_batch.hpp"

namespace gateway::ledger {

namespace {

#define MOVED_COLUMNS                                                                                          \
    "state, hold_is_over, key_freed, signature, is_silent, is_counted, is_prepaid, updated, ended,"            \
    " last_good_answer, job_id, job_status, order_id, amount, currency, code, message, evidence, resolved_by," \
    " reason, was_contradicted, answer_status, answer_type, answer_body, due, claimed_by, fence"
#define MOVED_COLUMNS_OF_N                                                                                       \
    "n.state, n.hold_is_over, n.key_freed, n.signature, n.is_silent, n.is_counted, n.is_prepaid, n.updated,"     \
    " n.ended, n.last_good_answer, n.job_id, n.job_status, n.order_id, n.amount, n.currency, n.code, n.message," \
    " n.evidence, n.resolved_by, n.reason, n.was_contradicted, n.answer_status, n.answer_type, n.answer_body,"   \
    " n.due, n.claimed_by, n.fence"
#define MADE_COLUMNS                                                                                        \
    "number, version, id, operation, caller, subject, account, project_id, region, rule, flavor, auto_pay," \
    " server_ids, server_count, holds_server, key, fingerprint, begun, signed_at, process, is_rated, " MOVED_COLUMNS
#define EXPECTED ") SELECT expect_rows(count(*), $2::bigint) FROM done"

constexpr const char* insert_changes =
    "WITH done AS (INSERT INTO changes (" MADE_COLUMNS ") SELECT " MADE_COLUMNS
    " FROM json_populate_recordset(NULL::changes, $1::json) ON CONFLICT DO NOTHING RETURNING 1" EXPECTED;
constexpr const char* update_changes =
    "WITH done AS (UPDATE changes c SET (" MOVED_COLUMNS ", version) = ROW(" MOVED_COLUMNS_OF_N
    ", n.version + 1)"
    " FROM json_populate_recordset(NULL::changes, $1::json) n"
    " WHERE c.number = n.number AND c.version = n.version RETURNING 1" EXPECTED;
constexpr const char* insert_servers =
    "INSERT INTO servers SELECT * FROM json_to_recordset($1::json) AS n(server_id text, change bigint)"
    " ON CONFLICT DO NOTHING";
constexpr const char* delete_holds =
    "DELETE FROM holds h USING json_populate_recordset(NULL::holds, $1::json) n"
    " WHERE h.project_id = n.project_id AND h.server_id = n.server_id AND h.change = n.change";
constexpr const char* insert_holds =
    "WITH done AS (INSERT INTO holds (project_id, server_id, change, until) SELECT project_id, server_id, change, until"
    " FROM json_populate_recordset(NULL::holds, $1::json) ON CONFLICT DO NOTHING RETURNING 1" EXPECTED;
constexpr const char* update_holds =
    "UPDATE holds h SET until = n.until FROM json_populate_recordset(NULL::holds, $1::json) n"
    " WHERE h.project_id = n.project_id AND h.server_id = n.server_id AND h.change = n.change";
constexpr const char* insert_history =
    "INSERT INTO history (change, at, state, detail) SELECT change, at, state, detail"
    " FROM json_to_recordset($1::json) AS n(change bigint, at bigint, state text, detail text)";
constexpr const char* delete_evidence =
    "DELETE FROM evidence e USING json_to_recordset($1::json) AS n(change bigint, number bigint)"
    " WHERE e.change = n.change AND e.number = n.number";
constexpr const char* insert_evidence =
    "INSERT INTO evidence (change, at, source, says, detail) SELECT change, at, source, says, detail"
    " FROM json_to_recordset($1::json) AS n(change bigint, at bigint, source text, says text, detail text)";
constexpr const char* count_rates =
    "WITH n AS (SELECT * FROM json_populate_recordset(NULL::rates, $1::json)),"
    " moved AS (UPDATE rates r SET version = r.version + 1 FROM n"
    " WHERE r.caller = n.caller AND r.rule = n.rule AND r.version = n.version RETURNING 1),"
    " made AS (INSERT INTO rates SELECT caller, rule, 1 FROM n WHERE version = 0 ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT expect_rows((SELECT count(*) FROM moved) + (SELECT count(*) FROM made), $2::bigint)";

void add_all(postgresql_connection& db, const char* sql, json_rows& rows, bool expects) {
    if (rows.empty()) return;
    std::vector<parameter> values;
    const std::string count = std::to_string(rows.size());
    values.emplace_back(rows.finish());
    if (expects) values.emplace_back(count);
    db.add(sql, std::move(values));
}

}  // namespace

bool postgresql_batch::has_changes() const noexcept {
    return std::ranges::any_of(rows_, [](const auto& each) { return each.second.is_new || each.second.is_changed; });
}

void postgresql_batch::add_writes() {
    add_rate_writes();
    add_change_writes();
    add_hold_writes();
    add_history_writes();
}

// Every hold, history and evidence belongs to a row that is written here, so that its version guards them, too.
void postgresql_batch::add_change_writes() {
    json_rows made, changed, servers;
    for (const auto& [number, row] : rows_) {
        if (row.is_new) {
            append_change(made, row);
            for (const std::string& one : row.change.request.server_ids)
                servers.begin().text("server_id", one).number("change", number);
        } else if (row.is_changed) {
            append_change(changed, row);
        }
    }
    // Updates come first: a key that one frees may be another's that is made.
    add_all(db_, update_changes, changed, true);
    add_all(db_, insert_changes, made, true);
    add_all(db_, insert_servers, servers, false);
}

void postgresql_batch::add_hold_writes() {
    json_rows gone, made, changed;
    for (const auto& [at, hold] : holds_) {
        const auto append = [&, &place = at](json_rows& to, const held& each) {
            to.begin().text("project_id", place.first).text("server_id", place.second).number("change", each.change);
            to.time("until", each.until);
        };
        const bool is_same = hold.before && hold.after && hold.before->change == hold.after->change;
        if (hold.before && !is_same) append(gone, *hold.before);
        if (hold.after && !is_same) append(made, *hold.after);
        if (is_same && hold.before != hold.after) append(changed, *hold.after);
    }
    add_all(db_, delete_holds, gone, false);
    add_all(db_, insert_holds, made, true);
    add_all(db_, update_holds, changed, false);
}

void postgresql_batch::add_history_writes() {
    json_rows history, gone, evidence;
    for (const new_history& each : new_history_)
        history.begin()
            .number("change", each.change)
            .time("at", each.entry.time)
            .text("state", each.entry.state)
            .text("detail", each.entry.detail);
    for (const auto& [change, number] : evidence_to_delete_)
        gone.begin().number("change", change).number("number", number);
    for (const new_evidence& each : new_evidence_)
        evidence.begin()
            .number("change", each.change)
            .time("at", each.entry.time)
            .text("source", each.entry.source)
            .text("says", each.entry.says)
            .text("detail", each.entry.detail);
    add_all(db_, insert_history, history, false);
    add_all(db_, delete_evidence, gone, false);
    add_all(db_, insert_evidence, evidence, false);
}

void postgresql_batch::add_rate_writes() {
    json_rows moved_rates;
    for (const auto& [of, rate] : rates_) {
        if (rate.is_changed)
            moved_rates.begin().text("caller", of.first).text("rule", of.second).number("version", rate.version);
    }
    add_all(db_, count_rates, moved_rates, true);
}

}  // namespace gateway::ledger
