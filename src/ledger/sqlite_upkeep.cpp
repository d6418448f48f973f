// Claims, recovery, freezes, and the deletion of what is old.
#include "sqlite_rows.hpp"

namespace gateway::ledger {

std::vector<claimed> apply(connection& db, const writes::claim& write) {
    if (write.still_looked_at) {
        const std::string ids = ' ' + join(*write.still_looked_at) + ' ';
        run(db, "UPDATE changes SET due = ?1 WHERE due > ?1 AND claimed_by = ?2 AND instr(?3, ' ' || id || ' ') = 0",
            write.time, write.owner, ids);
    }
    std::vector<std::int64_t> rows;
    {
        query due(db, "SELECT row FROM changes WHERE due <= ? ORDER BY due LIMIT ?", write.time, write.count);
        while (due.next())
            rows.push_back(due->integer(0));
    }
    std::vector<claimed> given;
    for (const std::int64_t row : rows) {
        // The end of the lease is when it is due again, for anybody.
        run(db, "UPDATE changes SET due = ?, claimed_by = ?, fence = fence + 1 WHERE row = ?", write.time + write.lease,
            write.owner, row);
        change_row found = read_row(db, row);
        // One process at a time owns this store: whoever sent an unknown change has ended its exchange, or is gone.
        given.push_back({std::move(found.change), found.fence, read_evidence(db, row)});
    }
    return given;
}

std::optional<instant> find_next_due(connection& db) {
    query first(db, "SELECT min(due) FROM changes WHERE due IS NOT NULL");
    if (!first.next() || first->is_null(0)) return std::nullopt;
    return first->time(0);
}

// What others had claimed is due at once: they are gone.
std::vector<std::string> apply(connection& db, const writes::recover& write, std::string_view process) {
    run(db, "UPDATE changes SET due = ?, claimed_by = NULL WHERE due IS NOT NULL AND claimed_by IS NOT NULL",
        write.time);
    std::vector<std::string> ids;
    {
        query rows(db, "SELECT id FROM changes WHERE state = 'sending' AND process <> ?", process);
        while (rows.next())
            ids.push_back(rows->text(0));
    }
    for (const std::string& id : ids)
        static_cast<void>(apply(db, writes::unknown{id, "the process that sent it is gone", write.time}));
    return ids;
}

bool apply(connection& db, const writes::add_freeze& write) {
    const freeze& f = write.freeze;
    const std::string operations = join(f.scope.operations);
    return run(db,
               "INSERT INTO freezes (id, account, caller, server_id, operations, reason, set_by, since, until)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
               f.id, f.scope.account, f.scope.caller, f.scope.server_id, operations, f.reason, f.author, f.since,
               f.until) != 0;
}

bool apply(connection& db, const writes::unfreeze& write) {
    return run(db,
               "UPDATE freezes SET lifted = ?1, lifted_by = ?2"
               " WHERE id = ?3 AND lifted IS NULL AND (until IS NULL OR until > ?1)",
               write.time, write.author, write.id) != 0;
}

std::size_t apply(connection& db, const writes::forget& write) {
    struct old {
        std::int64_t row;
        std::vector<std::string> server_ids;
    };
    std::vector<old> found;
    for (const state each : all_states) {
        if (!has_ended(each)) continue;
        query rows(db, "SELECT row, begun, ended, server_ids FROM changes WHERE state = ? ORDER BY row LIMIT ?", each,
                   write.count);
        while (found.size() < write.count && rows.next()) {
            if (rows->time(1) >= write.ended_before) break;  // as are all that follow
            if (rows->time(2) < write.ended_before) found.push_back({rows->integer(0), split(rows->view(3))});
        }
    }
    for (const old& each : found) {
        for (const std::string& server : each.server_ids)
            run(db, "DELETE FROM servers WHERE server_id = ? AND change = ?", server, each.row);
        run(db, "DELETE FROM history WHERE change = ?", each.row);
        run(db, "DELETE FROM evidence WHERE change = ?", each.row);
        run(db, "DELETE FROM changes WHERE row = ?", each.row);
    }
    return found.size();
}

}  // namespace gateway::ledger
