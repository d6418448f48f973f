// The checks of a record, in their order, and the record itself; all within the transaction of the batch.
#include <algorithm>

#include "sqlite_rows.hpp"

namespace gateway::ledger {

namespace {

found_repeat as_repeat(change_row found, const ledger::identity& identity, bool by_signature) {
    change& first = found.change;
    if (first.request.identity.fingerprint != identity.fingerprint) return other_request{std::move(first.request.id)};
    return repeat{std::move(first.request.id), first.current,           std::move(first.answer),
                  std::move(first.known),      std::move(first.reason), by_signature};
}

std::optional<std::int64_t> find_holder(connection& db, const std::string& project_id, const std::string& server_id,
                                        instant now) {
    query held(db, "SELECT change FROM holds WHERE project_id = ? AND server_id = ? AND (until IS NULL OR until > ?)",
               project_id, server_id, now);
    if (!held.next()) return std::nullopt;
    return held->integer(0);
}

// Who holds one of the servers, unless it is the unknown change that the request takes over.
std::optional<busy> find_conflict(connection& db, const change_request& request) {
    for (const std::string& server : request.server_ids) {
        const auto holder = find_holder(db, request.project_id, server, request.begun);
        if (!holder) continue;
        auto found = read_row(db, *holder);
        if (found.change.current == state::unknown && found.change.request.id == request.after) continue;
        found.change.holds = true;
        return busy{server, std::move(found.change)};
    }
    return std::nullopt;
}

void take_servers(connection& db, const change_request& request, std::int64_t row) {
    for (const std::string& server : request.server_ids) {
        if (const auto holder = find_holder(db, request.project_id, server, request.begun)) {
            run(db, "UPDATE changes SET hold_is_over = 1 WHERE row = ?", *holder);
            run(db, "DELETE FROM holds WHERE project_id = ? AND change = ?", request.project_id, *holder);
            add_history(db, *holder, request.begun, "taken_over",
                        "by change " + request.id + " of caller " + request.identity.caller);
        }
        run(db, "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, NULL)", request.project_id, server, row);
    }
}

// The youngest of the server's last changes whose order waits.
std::string find_awaiting_payment(connection& db, const change_request& request) {
    for (const std::string& server : request.server_ids) {
        query found(db,
                    "SELECT c.id FROM (SELECT change FROM servers WHERE server_id = ? ORDER BY change DESC LIMIT 50) s"
                    " JOIN changes c ON c.row = s.change WHERE c.state = 'awaiting_payment' AND c.project_id = ?"
                    " ORDER BY c.row DESC LIMIT 1",
                    server, request.project_id);
        if (found.next()) return found->text(0);
    }
    return {};
}

}  // namespace

found_repeat find_repeat_of(connection& db, const ledger::identity& identity) {
    if (!identity.key.empty()) {
        query found(db,
                    "SELECT row FROM changes WHERE key = ? AND caller = ? AND subject = ? AND account = ?"
                    " AND key_freed = 0",
                    identity.key, identity.caller, identity.subject, identity.account);
        if (found.next()) return as_repeat(read_row(db, found->integer(0)), identity, false);
    }
    if (const std::string digest = signature_digest(identity); !digest.empty()) {
        query found(db, "SELECT row FROM changes WHERE signature = ?", blob_view{digest});
        if (found.next()) return as_repeat(read_row(db, found->integer(0)), identity, true);
    }
    return {};
}

std::vector<freeze> standing_freezes(connection& db, instant now) {
    std::vector<freeze> found;
    query rows(db,
               "SELECT id, account, caller, server_id, operations, reason, set_by, since, until FROM freezes"
               " WHERE lifted IS NULL AND (until IS NULL OR until > ?) ORDER BY row",
               now);
    while (rows.next()) {
        freeze each{rows->text(0), {rows->text(1), rows->text(2), rows->text(3), split(rows->view(4))},
                    rows->text(5), rows->text(6),
                    rows->time(7), std::nullopt};
        if (!rows->is_null(8)) each.until = rows->time(8);
        found.push_back(std::move(each));
    }
    return found;
}

record_result record_change(connection& db, const change_request& request, const std::vector<freeze>& freezes,
                            std::string_view process) {
    found_repeat first = find_repeat_of(db, request.identity);
    if (auto* same = std::get_if<repeat>(&first)) return std::move(*same);
    if (auto* other = std::get_if<other_request>(&first)) return std::move(*other);
    const auto freeze = std::ranges::find_if(freezes, [&](const auto& f) { return stops(f, request, request.begun); });
    if (freeze != freezes.end()) return frozen{*freeze};
    if (request.rate) {
        if (const auto delay = find_rate_delay(find_counted(db, request), request)) return over_rate{*delay};
    }
    if (request.holds_server) {
        if (auto conflict = find_conflict(db, request)) return std::move(*conflict);
    }
    recorded made;
    if (request.holds_server) made.awaiting_payment = find_awaiting_payment(db, request);
    const auto row = insert_change(db, request, state::sending, process);
    if (!row) return unavailable{trouble::failing, "the ledger has a change of that id already: " + request.id};
    if (request.holds_server) take_servers(db, request, *row);
    return made;
}

}  // namespace gateway::ledger
