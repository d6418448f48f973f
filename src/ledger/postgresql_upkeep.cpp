#include "postgresql_upkeep.hpp"

#include "postgresql_batch.hpp"
#include "postgresql_lists.hpp"
#include "row_texts.hpp"

namespace gateway::ledger {

namespace {

#define NOW_OF_DATABASE "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

parameter number_of(instant time) { return std::to_string(time.time_since_epoch().count()); }
parameter number_of(const std::optional<instant>& time) { return time ? number_of(*time) : std::nullopt; }

}  // namespace

void add_settings(postgresql_connection& db, std::chrono::milliseconds timeout) {
    const std::string all = std::to_string(timeout.count()), half = std::to_string(timeout.count() / 2);
    db.add(
        "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),"
        " set_config('idle_in_transaction_session_timeout', $1, true), set_config('jit', 'off', true),"
        " set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),"
        " set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')"
        " THEN 'on' ELSE current_setting('synchronous_commit') END, true)",
        {all, half});
}

std::vector<claimed> apply(postgresql_connection& db, const writes::claim& write, std::optional<instant> time) {
    if (write.still_looked_at)
        db.add("UPDATE changes SET due = coalesce($1::bigint, " NOW_OF_DATABASE
               "), version = version + 1 WHERE due > coalesce($1::bigint, " NOW_OF_DATABASE
               ") AND claimed_by = $2 AND id <> ALL($3::text[])",
               {number_of(time), write.owner, text_array(*write.still_looked_at)});
    static const std::string sql =
        std::string(
            "WITH clock AS (SELECT coalesce($1::bigint, " NOW_OF_DATABASE
            ") AS now), chosen AS (SELECT number FROM changes WHERE due <= (SELECT now FROM clock)"
            " ORDER BY due LIMIT $2::bigint FOR UPDATE SKIP LOCKED)"
            " UPDATE changes c SET due = (SELECT now FROM clock) + $3::bigint, claimed_by = $4,"
            " fence = c.fence + 1, version = c.version + 1 FROM chosen WHERE c.number = chosen.number RETURNING ") +
        change_columns;
    db.add(sql.c_str(),
           {number_of(time), std::to_string(write.count), std::to_string(write.lease.count()), write.owner});
    std::vector<postgresql_row> rows;
    {
        const auto found = db.flush();
        for (int i = 0; i < found.back().size(); ++i)
            rows.push_back(read_change(found.back(), i));
    }
    auto evidence = read_evidence(db, rows);
    std::vector<claimed> given;
    for (postgresql_row& row : rows)
        given.push_back({std::move(row.change), row.fence, std::move(evidence[row.number]), row.is_silent});
    return given;
}

bool apply(postgresql_connection& db, const writes::add_freeze& write) {
    const freeze& f = write.freeze;
    json_rows one;
    one.begin().text("id", f.id).text("account", f.scope.account).text("caller", f.scope.caller);
    one.text("server_id", f.scope.server_id).text("operations", join(f.scope.operations)).text("reason", f.reason);
    one.text("set_by", f.author).time("since", f.since).time("until", f.until);
    db.add("UPDATE ledger SET freezes_version = freezes_version + 1");
    db.add(
        "INSERT INTO freezes (id, account, caller, server_id, operations, reason, set_by, since, until)"
        " SELECT id, account, caller, server_id, operations, reason, set_by, since, until"
        " FROM json_populate_recordset(NULL::freezes, $1::json) ON CONFLICT (id) DO NOTHING",
        {one.finish()});
    return db.flush()[1].changed() != 0;
}

bool apply(postgresql_connection& db, const writes::unfreeze& write) {
    db.add("UPDATE ledger SET freezes_version = freezes_version + 1");
    db.add(
        "UPDATE freezes SET lifted = $1::bigint, lifted_by = $2"
        " WHERE id = $3 AND lifted IS NULL AND (until IS NULL OR until > $1::bigint)",
        {number_of(write.time), write.author, write.id});
    return db.flush()[1].changed() != 0;
}

std::size_t apply(postgresql_connection& db, const writes::forget& write) {
    std::vector<std::string> ends;
    for (const state each : all_states) {
        if (has_ended(each)) ends.emplace_back(name(each));
    }
    db.add(
        "WITH oldest AS (SELECT o.number FROM unnest($1::text[]) s(state) CROSS JOIN LATERAL (SELECT c.number, c.ended"
        " FROM changes c WHERE c.state = s.state ORDER BY c.number LIMIT $2::bigint) o"
        " WHERE o.ended < $3::bigint LIMIT $2::bigint),"
        " gone AS (DELETE FROM changes c USING oldest o WHERE c.number = o.number AND c.ended < $3::bigint"
        " RETURNING c.number, c.server_ids),"
        " s AS (DELETE FROM servers t USING gone g WHERE t.change = g.number"
        " AND t.server_id = ANY(string_to_array(g.server_ids, ' '))),"
        " h AS (DELETE FROM history t USING gone g WHERE t.change = g.number),"
        " e AS (DELETE FROM evidence t USING gone g WHERE t.change = g.number)"
        " SELECT count(*) FROM gone",
        {text_array(ends), std::to_string(write.count), number_of(write.ended_before)});
    return static_cast<std::size_t>(db.flush()[0].integer(0, 0));
}

std::vector<freeze> standing_freezes(postgresql_connection& db, instant now) {
    db.add(select_freezes);
    auto found = read_freezes(db.flush()[0]);
    std::erase_if(found, [&](const freeze& each) { return each.until && *each.until <= now; });
    return found;
}

std::optional<instant> find_next_due(postgresql_connection& db) {
    db.add("SELECT min(due) FROM changes WHERE due IS NOT NULL");
    return db.flush()[0].maybe_time(0, 0);
}

std::vector<std::string> find_abandoned(postgresql_connection& db, const std::string& process,
                                        std::chrono::milliseconds silence) {
    // What they had claimed is due at once.
    db.add("UPDATE changes c SET due = " NOW_OF_DATABASE
           ", claimed_by = NULL, version = c.version + 1 WHERE c.due IS NOT NULL AND c.claimed_by IS NOT NULL"
           " AND c.claimed_by <> $1 AND NOT EXISTS (SELECT 1 FROM replicas r WHERE r.process = c.claimed_by"
           " AND r.seen > " NOW_OF_DATABASE " - $2::bigint)",
           {process, std::to_string(std::chrono::microseconds(silence).count())});
    const std::size_t abandoned = db.add(
        "SELECT c.id FROM changes c WHERE c.state = 'sending' AND c.process <> $1 AND NOT EXISTS (SELECT 1 FROM"
        " replicas r WHERE r.process = c.process AND r.seen > " NOW_OF_DATABASE " - $2::bigint)",
        {process, std::to_string(std::chrono::microseconds(silence).count())});
    const auto found = db.flush();
    std::vector<std::string> ids;
    for (int i = 0; i < found[abandoned].size(); ++i)
        ids.push_back(found[abandoned].text(i, 0));
    return ids;
}

void say_alive(postgresql_connection& db, const std::string& process, std::chrono::milliseconds timeout) {
    add_settings(db, timeout);
    db.add("INSERT INTO replicas VALUES ($1, " NOW_OF_DATABASE
           ") ON CONFLICT (process) DO UPDATE SET seen = EXCLUDED.seen",
           {process});
    // Of those that were killed long ago.
    db.add(
        "DELETE FROM replicas r WHERE r.seen < " NOW_OF_DATABASE
        " - 86400000000 AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.state = 'sending' AND c.process = r.process)");
    db.flush();
}

}  // namespace gateway::ledger
