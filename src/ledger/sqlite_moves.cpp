// Writes what moves.hpp makes of a change.
#include <type_traits>
#include <vector>

#include "sqlite_rows.hpp"

namespace gateway::ledger {

namespace {

void write_back(connection& db, const change_row& row) {
    const change& c = row.change;
    const int status = c.answer ? c.answer->status : 0;
    const auto type = c.answer ? std::optional<std::string_view>(c.answer->content_type) : std::nullopt;
    const auto body = c.answer ? std::optional(blob_view{c.answer->body}) : std::nullopt;
    run(db,
        "UPDATE changes SET state = ?, updated = ?, ended = ?, due = ?, claimed_by = ?, hold_is_over = ?,"
        " last_good_answer = ?, was_contradicted = ?, job_id = ?, job_status = ?, order_id = ?, amount = ?,"
        " currency = ?, code = ?, message = ?, evidence = ?, resolved_by = ?, reason = ?,"
        " answer_status = nullif(?, 0), answer_type = ?, answer_body = ?, is_prepaid = ? WHERE row = ?",
        c.current, c.updated, c.ended, row.due, or_null(row.claimed_by), row.hold_is_over, row.last_good_answer,
        c.was_contradicted, or_null(c.known.job_id), or_null(c.job_status), or_null(c.known.order_id),
        or_null(c.known.amount), or_null(c.known.currency), or_null(c.known.code), or_null(c.known.message),
        or_null(c.evidence), or_null(c.resolved_by), or_null(c.reason), status, type, body, c.request.is_prepaid,
        row.row);
}

void write_hold(connection& db, const change_row& row, const hold& now) {
    const change_request& request = row.change.request;
    const auto until = now.type == hold::kind::until ? std::optional(now.until) : std::nullopt;
    for (const std::string& server : request.server_ids) {
        if (now.type == hold::kind::none)
            run(db, "DELETE FROM holds WHERE project_id = ? AND server_id = ? AND change = ?", request.project_id,
                server, row.row);
        else
            run(db, "UPDATE holds SET until = ? WHERE project_id = ? AND server_id = ? AND change = ?", until,
                request.project_id, server, row.row);
    }
}

void free_identity(connection& db, const change_row& row, state from) {
    const state to = row.change.current;
    if (to == from) return;
    if (!keeps_key(to)) run(db, "UPDATE changes SET key_freed = row WHERE row = ? AND key IS NOT NULL", row.row);
    if (!keeps_signature(to)) run(db, "UPDATE changes SET signature = NULL WHERE row = ?", row.row);
    if (counts_for_rate(from) != counts_for_rate(to))
        run(db, "UPDATE changes SET is_counted = ? WHERE row = ?", counts_for_rate(to), row.row);
}

void add_evidence(connection& db, std::int64_t row, const evidence_entry& found, bool replaces_last) {
    if (replaces_last)
        run(db,
            "DELETE FROM evidence WHERE change = ?1"
            " AND number = (SELECT max(number) FROM evidence WHERE change = ?1 AND source = ?2)",
            row, found.source);
    run(db,
        "INSERT INTO evidence SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4, ?5 FROM evidence WHERE change = ?1",
        row, found.time, found.source, found.says, found.detail);
}

template <class Write>
moved apply_to(connection& db, change_row& row, const Write& write) {
    const state from = row.change.current;
    const auto done = [&] {
        if constexpr (std::is_same_v<Write, writes::evidence>)
            return move_change(row, write, read_evidence(db, row.row));
        else
            return move_change(row, write);
    }();
    if (done.server_hold) write_hold(db, row, *done.server_hold);
    if (done.changes_row) write_back(db, row);
    free_identity(db, row, from);
    for (const history_entry& each : done.history)
        add_history(db, row.row, each.time, each.state, each.detail);
    if (done.found) add_evidence(db, row.row, *done.found, done.replaces_last);
    return done.result;
}

template <class Write>
moved apply_by_id(connection& db, const Write& write) {
    auto row = find_row(db, write.id);
    if (!row) return {moved::fate::no_change, state::not_sent};
    return apply_to(db, *row, write);
}

}  // namespace

std::vector<evidence_entry> read_evidence(connection& db, std::int64_t row) {
    std::vector<evidence_entry> found;
    query rows(db, "SELECT at, source, says, detail FROM evidence WHERE change = ? ORDER BY number", row);
    while (rows.next())
        found.push_back({rows->time(0), rows->text(1), rows->text(2), rows->text(3)});
    return found;
}

moved apply(connection& db, const writes::answered& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::unknown& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::evidence& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::followed& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::settle& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::resolve& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::hand_back& write) { return apply_by_id(db, write); }
moved apply(connection& db, const writes::reported& write) { return apply_by_id(db, write); }

moved apply(connection& db, const writes::not_sent& write, std::string_view process) {
    if (auto row = find_row(db, write.request.id)) return apply_to(db, *row, write);
    const auto made = insert_change(db, write.request, state::not_sent, process);
    if (!made) throw sqlite_error(SQLITE_CORRUPT, "a change is there by its id, and is not");
    run(db, "UPDATE changes SET reason = ?, updated = ?, ended = ? WHERE row = ?", or_null(write.reason), write.time,
        write.time, *made);
    add_history(db, *made, write.time, name(state::not_sent), write.reason);
    return {moved::fate::done, state::not_sent, ended_change{write.request.operation, write.request.identity.account}};
}

}  // namespace gateway::ledger
