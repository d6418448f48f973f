#include "sqlite_schema.hpp"

#include <array>

namespace gateway::ledger {

namespace {

// Times are microseconds since 1970. Texts of ids and states are spelt as everywhere else, so that the file can be read
// with any tool. Each index costs a page of every commit; what has none here is found by reading on from the newest.
constexpr const char* version_1 = R"(
CREATE TABLE ledger (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    oldest_schema INTEGER NOT NULL  -- the least schema_version that a program must know
) STRICT;
INSERT INTO ledger VALUES (1, 1);

CREATE TABLE changes (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    operation TEXT NOT NULL,
    caller TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL,
    project_id TEXT NOT NULL,
    region TEXT NOT NULL,
    rule TEXT NOT NULL,
    flavor TEXT,
    auto_pay INTEGER,
    is_prepaid INTEGER,
    server_ids TEXT NOT NULL,           -- separated by spaces
    server_count INTEGER NOT NULL,
    holds_server INTEGER NOT NULL,      -- a resize
    hold_is_over INTEGER NOT NULL DEFAULT 0,
    key TEXT,
    key_freed INTEGER NOT NULL DEFAULT 0,  -- its own row once the key may be used anew, so that the index below lets it
    signature BLOB,                     -- NULL once it may be used anew
    fingerprint BLOB,
    begun INTEGER NOT NULL,
    signed_at INTEGER,                  -- seconds
    updated INTEGER NOT NULL,
    ended INTEGER,
    process TEXT NOT NULL,              -- which sends it
    is_rated INTEGER NOT NULL,          -- its rule had a rate
    is_counted INTEGER NOT NULL,
    last_good_answer INTEGER,
    job_id TEXT,
    job_status TEXT,
    order_id TEXT,
    amount TEXT,
    currency TEXT,
    code TEXT,
    message TEXT,
    evidence TEXT,
    resolved_by TEXT,
    reason TEXT,
    was_contradicted INTEGER NOT NULL DEFAULT 0,
    answer_status INTEGER,
    answer_type TEXT,
    answer_body BLOB,
    due INTEGER,                        -- when to look at it next, or when the claim on it ends
    claimed_by TEXT,
    fence INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX changes_key ON changes (key, caller, subject, account, key_freed) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX changes_signature ON changes (signature) WHERE signature IS NOT NULL;
CREATE INDEX changes_state ON changes (state);
CREATE INDEX changes_caller ON changes (caller);
CREATE INDEX changes_rate ON changes (caller, rule, begun, server_count) WHERE is_rated = 1 AND is_counted = 1;
CREATE INDEX changes_due ON changes (due) WHERE due IS NOT NULL;

-- No REFERENCES here and in holds: each deletion of a change would read all of them for it.
CREATE TABLE servers (
    server_id TEXT NOT NULL,
    change INTEGER NOT NULL,
    PRIMARY KEY (server_id, change)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
    project_id TEXT NOT NULL,
    server_id TEXT NOT NULL,
    change INTEGER NOT NULL,
    until INTEGER,                      -- NULL: until it is released
    PRIMARY KEY (project_id, server_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    change INTEGER NOT NULL REFERENCES changes (row),
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (change, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    change INTEGER NOT NULL REFERENCES changes (row),
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    says TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (change, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE freezes (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    caller TEXT NOT NULL,
    server_id TEXT NOT NULL,
    operations TEXT NOT NULL,           -- separated by spaces
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    lifted INTEGER,
    lifted_by TEXT
) STRICT;
CREATE INDEX freezes_standing ON freezes (row) WHERE lifted IS NULL;
)";

constexpr std::array migrations{version_1};  // from the version before
static_assert(migrations.size() == schema_version);

}  // namespace

std::optional<unavailable> check_schema(connection& db, bool may_migrate) {
    const std::int64_t version = db.pragma("PRAGMA user_version");
    const bool is_empty = version == 0 && db.pragma("SELECT count(*) FROM sqlite_schema") == 0;
    if (!is_empty && db.pragma("PRAGMA application_id") != application_id)
        return unavailable{trouble::not_a_ledger, "it holds something else"};
    if (version > schema_version && db.pragma("SELECT oldest_schema FROM ledger") > schema_version)
        return unavailable{trouble::too_new, "it was written by a newer version of this program; use that one"};
    if (version < schema_version && !may_migrate)
        return unavailable{trouble::outdated,
                           "its tables are of version " + std::to_string(version) + ", this program's of " +
                               std::to_string(schema_version) +
                               "; start the gateway, which migrates them, or use: ecs-gateway ledger check --migrate"};
    return std::nullopt;
}

void bring_up_to_date(connection& db) {
    if (db.pragma("PRAGMA user_version") >= schema_version) return;
    db.execute("BEGIN IMMEDIATE");
    try {
        // Once more, under the lock: another process may have been faster.
        for (auto version = db.pragma("PRAGMA user_version"); version < schema_version; ++version)
            db.execute(migrations.at(static_cast<std::size_t>(version)));
        static_assert(schema_version == 1);
        db.execute("PRAGMA user_version = 1");
        static_assert(application_id == 0x45435347);
        db.execute("PRAGMA application_id = 0x45435347");
        db.execute("COMMIT");
    } catch (const sqlite_error&) {
        sqlite3_exec(db.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

}  // namespace gateway::ledger
