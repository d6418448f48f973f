#include "sqlite_opening.hpp"

namespace gateway::ledger {

connection open_connection(const sqlite_options& options) {
    using access = sqlite_options::access;
    const bool in_memory = options.file.empty();
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    connection db(in_memory ? ":memory:" : options.file, in_memory ? flags | SQLITE_OPEN_MEMORY : flags);
    if (sqlite3_db_readonly(db.handle(), "main") == 1)  // SQLite opens what it can't write for reading
        throw sqlite_error(SQLITE_READONLY, "it is not writable");
    sqlite3_busy_timeout(db.handle(), static_cast<int>(options.busy_timeout.count()));
    // The last connection's close would make a checkpoint, too, and remove a log that may be another file's by now.
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    db.execute(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536");
    if (in_memory) return db;
    db.execute("PRAGMA synchronous = FULL");
    if (options.mode == access::owner) db.execute("PRAGMA journal_mode = WAL");
    if (options.mode == access::reader) db.execute("PRAGMA query_only = ON");
    return db;
}

}  // namespace gateway::ledger
