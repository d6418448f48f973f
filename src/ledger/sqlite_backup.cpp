// A copy of a ledger's file as it is at one moment. Source: https://sqlite.org/backup.html
#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "sqlite_file.hpp"
#include "sqlite_opening.hpp"
#include "sqlite_schema.hpp"

namespace gateway::ledger {

namespace {

constexpr int pages_a_step = 256;  // 1 MiB
constexpr auto patience = std::chrono::seconds(5);

void copy_pages(connection& source, connection& target, const backup_progress& progress) {
    struct finisher {
        void operator()(sqlite3_backup* b) const noexcept { sqlite3_backup_finish(b); }
    };
    const std::unique_ptr<sqlite3_backup, finisher> copying(
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
    if (!copying) throw sqlite_error(sqlite3_extended_errcode(target.handle()), sqlite3_errmsg(target.handle()));
    for (int code = SQLITE_OK; code != SQLITE_DONE;) {
        code = sqlite3_backup_step(copying.get(), pages_a_step);
        if (code != SQLITE_OK && code != SQLITE_DONE) throw sqlite_error(code, sqlite3_errstr(code));
        const int total = sqlite3_backup_pagecount(copying.get()), left = sqlite3_backup_remaining(copying.get());
        progress(static_cast<std::size_t>(total - left), static_cast<std::size_t>(total));
    }
}

std::optional<unavailable> copy_ledger(const std::string& file, const std::string& copy,
                                       const backup_progress& progress) {
    const std::string prefix = "ledger in file " + file + ": ";
    try {
        connection source =
            open_connection({.file = file, .mode = sqlite_options::access::reader, .busy_timeout = patience});
        // One of an older version as well: before a migration is when a backup is wanted.
        if (auto wrong = check_schema(source, true)) return unavailable{wrong->kind, prefix + wrong->reason};
        // Nobody else sees the copy, and a broken one is thrown away: it needs no journal.
        connection target(copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE);
        target.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL");
        // All steps within one transaction: they see one state, and never begin anew for what is written meanwhile.
        source.execute("BEGIN; SELECT count(*) FROM sqlite_schema");
        copy_pages(source, target, progress);
        source.execute("COMMIT");
    } catch (const sqlite_error& e) {
        return unavailable{e.kind(), prefix + "can't be copied into " + copy + ": " + e.what()};
    }
    return std::nullopt;
}

}  // namespace

std::optional<unavailable> back_up_file(const std::string& file, const std::string& copy,
                                        const backup_progress& progress) {
    const auto not_writable = [](std::string problem) {
        return unavailable{trouble::not_writable, std::move(problem)};
    };
    if (!identify(file)) return unavailable{trouble::not_there, "ledger in file " + file + ": there is none"};
    // By another name until it is whole.
    const std::string partial = copy + ".partial";
    if (identify(copy)) return not_writable(copy + " is there already; name a file that is not");
    if (identify(partial))
        return not_writable(partial + " is there already, of a backup that is under way or was broken off; remove it");
    if (const auto error = create_file(partial)) return not_writable(partial + " can't be created: " + *error);
    if (auto problem = copy_ledger(file, partial, progress)) {
        ::unlink(partial.c_str());
        return problem;
    }
    if (::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, copy.c_str(), RENAME_NOREPLACE) != 0) {
        const std::string error = std::generic_category().message(errno);
        return not_writable("the backup is whole in " + partial + ", and can't be called " + copy + ": " + error);
    }
    if (const auto error = sync_directory(copy))
        return not_writable("the backup is whole in " + copy + ", but its directory can't be flushed: " + *error);
    return std::nullopt;
}

}  // namespace gateway::ledger
