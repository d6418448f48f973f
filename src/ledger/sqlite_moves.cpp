// What moves a change from one state to another, as change.hpp has the arrows and the holds.
#include <vector>

#include "sqlite_rows.hpp"

namespace gateway::ledger {

namespace {

// What is known besides the row, for the hold of an unknown change.
struct hold_evidence {
    std::vector<look> looks;
    bool order_denies = false;
    std::chrono::microseconds settle_after{};
};

void write_back(connection& db, const change_row& row, std::optional<instant> due) {
    const change& c = row.what;
    const auto status = c.answer ? std::optional(c.answer->status) : std::nullopt;
    const auto type = c.answer ? std::optional<std::string_view>(c.answer->content_type) : std::nullopt;
    const auto body = c.answer ? std::optional(blob_view{c.answer->body}) : std::nullopt;
    run(db,
        "UPDATE changes SET state = ?, updated = ?, ended = ?, due = ?, hold_is_over = ?, last_good_answer = ?,"
        " was_contradicted = ?, job_id = ?, job_status = ?, order_id = ?, amount = ?, currency = ?, code = ?,"
        " message = ?, evidence = ?, resolved_by = ?, reason = ?, answer_status = ?, answer_type = ?, answer_body = ?"
        " WHERE row = ?",
        c.current, c.updated, c.ended, due, row.hold_is_over, row.last_good_answer, c.was_contradicted,
        or_null(c.known.job_id), or_null(c.job_status), or_null(c.known.order_id), or_null(c.known.amount),
        or_null(c.known.currency), or_null(c.known.code), or_null(c.known.message), or_null(c.evidence),
        or_null(c.resolved_by), or_null(c.reason), status, type, body, row.row);
}

// Makes the rows of its hold what find_hold() says.
void update_hold(connection& db, change_row& row, const hold_evidence& evidence) {
    const change_request& request = row.what.request;
    if (!request.holds_server || row.hold_is_over) return;
    const int status = row.what.answer ? row.what.answer->status : 0;
    const hold now = find_hold({
        .current = row.what.current,
        .begun = request.begun,
        .last_good_answer = row.last_good_answer.value_or(request.begun),
        .looks = evidence.looks,
        .maybe_prepaid = request.is_prepaid.value_or(true),
        .order_denies = evidence.order_denies,
        .got_4xx = status >= 400 && status <= 499,
        .settle_after = evidence.settle_after,
    });
    row.hold_is_over = now.how == hold::kind::none;
    const auto until = now.how == hold::kind::until ? std::optional(now.until) : std::nullopt;
    for (const std::string& server : request.server_ids) {
        if (row.hold_is_over)
            run(db, "DELETE FROM holds WHERE project_id = ? AND server_id = ? AND change = ?", request.project_id,
                server, row.row);
        else
            run(db, "UPDATE holds SET until = ? WHERE project_id = ? AND server_id = ? AND change = ?", until,
                request.project_id, server, row.row);
    }
}

void free_identity(connection& db, const change_row& row, state from) {
    const state to = row.what.current;
    if (!keeps_key(to)) run(db, "UPDATE changes SET key_freed = row WHERE row = ? AND key IS NOT NULL", row.row);
    if (!keeps_signature(to)) run(db, "UPDATE changes SET signature = NULL WHERE row = ?", row.row);
    if (counts_for_rate(from) != counts_for_rate(to))
        run(db, "UPDATE changes SET is_counted = ? WHERE row = ?", counts_for_rate(to), row.row);
}

void learn(facts& known, const facts& more) {
    for (const auto member :
         {&facts::job_id, &facts::order_id, &facts::amount, &facts::currency, &facts::code, &facts::message}) {
        if (!(more.*member).empty()) known.*member = more.*member;
    }
}

struct step {
    state to;
    cause by;
    instant at;
    std::string_view detail;
    std::optional<instant> due;  // to look again; left out: at once
};

// Takes the arrow if there is one, and writes the row in any case: what was learnt is kept.
moved take(connection& db, change_row& row, const step& s) {
    change& c = row.what;
    const state from = c.current;
    const arrow found = find_arrow(from, has_ended(from) && !c.resolved_by.empty(), s.to, s.by);
    c.updated = s.at;
    if (found == arrow::none) {
        const auto due = has_ended(from) || from == state::sending ? std::nullopt : std::optional(s.due.value_or(s.at));
        write_back(db, row, due);
        return {from == s.to ? moved::fate::done : moved::fate::no_arrow, from};
    }
    c.current = s.to;
    c.ended = has_ended(s.to) ? std::optional(s.at) : std::nullopt;
    if (s.to == state::accepted) row.last_good_answer = s.at;
    if (found == arrow::contradiction) {
        c.was_contradicted = true;
        c.resolved_by.clear();
        add_history(db, row.row, s.at, "contradicted", "the cloud's own answer came after the end that was believed");
    }
    update_hold(db, row, {});
    write_back(db, row, c.ended ? std::nullopt : std::optional(s.due.value_or(s.at)));
    free_identity(db, row, from);
    add_history(db, row.row, s.at, name(s.to), s.detail);
    return {found == arrow::contradiction ? moved::fate::contradicted : moved::fate::done, s.to};
}

// The row, unless there is none or the claim has passed on; then `refusal` says so.
std::optional<change_row> find_claimed(connection& db, std::string_view id, std::optional<std::int64_t> fence,
                                       moved& refusal) {
    auto row = find_row(db, id);
    if (!row) {
        refusal = {moved::fate::no_change, state::not_sent};
        return std::nullopt;
    }
    if (!fence || *fence == row->fence) return row;
    refusal = {moved::fate::fenced_off, row->what.current};
    return std::nullopt;
}

hold_evidence read_evidence(connection& db, std::int64_t row) {
    hold_evidence found;
    query rows(db, "SELECT at, source, says FROM evidence WHERE change = ? ORDER BY number", row);
    while (rows.next()) {
        const bool denies = rows->view(2) == "did_not";
        if (rows->view(1) == "server" && rows->view(2) != "nothing") found.looks.push_back({rows->time(0), denies});
        if (rows->view(1) == "order" && rows->view(2) != "nothing") found.order_denies = denies;
    }
    return found;
}

}  // namespace

moved apply(connection& db, const writes::answered& write) {
    moved refusal;
    auto row = find_claimed(db, write.id, std::nullopt, refusal);
    if (!row) return refusal;
    change& c = row->what;
    learn(c.known, write.learnt);
    if (!write.answer.body.empty() && write.answer.body.size() <= max_kept_body) c.answer = write.answer;
    const std::string detail = "answer " + std::to_string(write.answer.status) +
                               (write.learnt.code.empty() ? std::string() : " " + write.learnt.code);
    const bool is_late = c.current != state::sending;
    state to = write.meaning;
    // Where an end was believed, the order is read by whoever follows the change.
    if (is_late && to == state::awaiting_payment && has_ended(c.current)) to = state::accepted;
    return take(db, *row, {to, is_late ? cause::late_answer : cause::exchange, write.at, detail, std::nullopt});
}

moved apply(connection& db, const writes::unknown& write) {
    moved refusal;
    auto row = find_claimed(db, write.id, std::nullopt, refusal);
    if (!row) return refusal;
    if (row->what.current == state::sending) row->what.reason = write.reason;
    return take(db, *row, {state::unknown, cause::exchange, write.at, write.reason, std::nullopt});
}

moved apply(connection& db, const writes::not_sent& write, std::string_view process) {
    moved refusal;
    auto row = find_claimed(db, write.request.id, std::nullopt, refusal);
    if (row) {
        if (row->what.current == state::sending) row->what.reason = write.reason;
        return take(db, *row, {state::not_sent, cause::exchange, write.at, write.reason, std::nullopt});
    }
    const auto made = insert_change(db, write.request, state::not_sent, process);
    if (!made) throw sqlite_error(SQLITE_CORRUPT, "a change is there by its id, and is not");
    run(db, "UPDATE changes SET reason = ?, updated = ?, ended = ? WHERE row = ?", or_null(write.reason), write.at,
        write.at, *made);
    add_history(db, *made, write.at, name(state::not_sent), write.reason);
    return {moved::fate::done, state::not_sent};
}

moved apply(connection& db, const writes::evidence& write) {
    moved refusal;
    auto row = find_claimed(db, write.id, write.fence, refusal);
    if (!row) return refusal;
    run(db,
        "INSERT INTO evidence SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4, ?5 FROM evidence WHERE change = ?1",
        row->row, write.at, write.source, write.says, write.detail);
    if (row->what.current != state::unknown) return {moved::fate::done, row->what.current};
    hold_evidence known = read_evidence(db, row->row);
    known.settle_after = write.settle_after;
    update_hold(db, *row, known);
    row->what.updated = write.at;
    write_back(db, *row, write.due);
    return {moved::fate::done, row->what.current};
}

moved apply(connection& db, const writes::followed& write) {
    moved refusal;
    auto row = find_claimed(db, write.id, write.fence, refusal);
    if (!row) return refusal;
    change& c = row->what;
    if (has_ended(c.current)) return {moved::fate::no_arrow, c.current};
    if (!write.job_status.empty()) {
        c.job_status = write.job_status;
        row->last_good_answer = write.at;
        if (c.current == state::accepted) update_hold(db, *row, {});
    }
    c.updated = write.at;
    write_back(db, *row, write.due);
    return {moved::fate::done, c.current};
}

moved apply(connection& db, const writes::settle& write) {
    moved refusal;
    auto row = find_claimed(db, write.id, write.fence, refusal);
    if (!row) return refusal;
    learn(row->what.known, write.learnt);
    if (!write.evidence.empty()) row->what.evidence = write.evidence;
    return take(db, *row, {write.to, write.by, write.at, write.detail, write.due});
}

moved apply(connection& db, const writes::resolve& write) {
    moved refusal;
    auto row = find_claimed(db, write.id, std::nullopt, refusal);
    if (!row) return refusal;
    if (find_arrow(row->what.current, false, write.to, cause::operators) == arrow::none)
        return {moved::fate::no_arrow, row->what.current};
    row->what.resolved_by = write.by;
    row->what.reason = write.reason;
    const std::string detail = "by " + write.by + ": " + write.reason;
    return take(db, *row, {write.to, cause::operators, write.at, detail, std::nullopt});
}

moved apply(connection& db, const writes::hand_back& write) {
    moved refusal;
    const auto row = find_claimed(db, write.id, write.fence, refusal);
    if (!row) return refusal;
    run(db, "UPDATE changes SET due = ?, claimed_by = NULL WHERE row = ? AND due IS NOT NULL", write.due, row->row);
    return {moved::fate::done, row->what.current};
}

}  // namespace gateway::ledger
