#include "gateway/ledger/sqlite_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "sqlite_file.hpp"
#include "sqlite_rows.hpp"
#include "sqlite_schema.hpp"

namespace gateway::ledger {

namespace {

// Pages of the write-ahead log after which it goes into the file: 4 MiB, SQLite's own default.
constexpr int checkpoint_pages = 1000;
// A reader in its transaction keeps a checkpoint from its end; the next one comes soon enough.
constexpr int checkpoint_patience_ms = 5;

trouble kind_of(const sqlite_error& e) noexcept {
    switch (e.primary_code()) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return trouble::held;
        case SQLITE_FULL:
            return trouble::full;
        case SQLITE_CORRUPT:
            return trouble::corrupt;
        case SQLITE_NOTADB:
            return trouble::not_a_ledger;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return trouble::not_writable;
        default:
            return trouble::failing;
    }
}

class sqlite_store final : public store {
public:
    explicit sqlite_store(sqlite_options options) : options_(std::move(options)) {}
    ~sqlite_store() override { close_in_order(); }

    std::string describe() const override { return in_memory() ? "memory" : "file " + options_.file; }
    std::optional<unavailable> open() override;
    bool is_open() const noexcept override { return db_.has_value(); }
    std::optional<commit_failure> commit(std::span<const any_write> batch, std::vector<any_result>& results) override;
    std::optional<unavailable> maintain() override;

    outcome<found_repeat> find_repeat(const identity& who) override {
        return read([&](connection& db) { return find_repeat_of(db, who); });
    }
    outcome<std::optional<change>> find(std::string_view id, instant now) override {
        return read([&](connection& db) -> std::optional<change> {
            auto row = find_row(db, id);
            if (!row) return std::nullopt;
            row->what.holds = holds_now(db, *row, now);
            row->what.history = read_history(db, *row);
            return std::move(row->what);
        });
    }
    outcome<change_page> list(const list_filter& filter, instant now) override {
        return read([&](connection& db) { return read_page(db, filter, true, now); });
    }
    outcome<change_page> list_oldest_first(const list_filter& filter, instant now) override {
        return read([&](connection& db) { return read_page(db, filter, false, now); });
    }
    outcome<std::vector<freeze>> freezes(instant now) override {
        return read([&](connection& db) { return standing_freezes(db, now); });
    }
    outcome<std::vector<open_count>> count_open() override {
        return read([&](connection& db) { return count_open_changes(db); });
    }
    outcome<std::vector<std::string>> check() override {
        return read([&](connection& db) {
            std::vector<std::string> problems;
            query rows(db, "PRAGMA integrity_check");
            while (rows.next()) {
                if (rows->view(0) != "ok") problems.push_back(rows->text(0));
            }
            return problems;
        });
    }

private:
    bool in_memory() const { return options_.file.empty(); }
    bool is_owner() const { return options_.how == sqlite_options::access::owner; }
    unavailable as_unavailable(trouble kind, const std::string& why) const {
        return {kind, "ledger in " + describe() + ": " + why};
    }
    std::optional<unavailable> prepare_file();
    void connect();
    std::optional<unavailable> check_file();
    unavailable fail(const sqlite_error& e);
    any_result apply_one(const any_write& write, std::optional<std::vector<freeze>>& freezes);
    void checkpoint();
    void close_in_order() noexcept;
    void close() noexcept { db_.reset(); }

    // A read transaction of its own, so that all of it sees one state.
    template <class Read>
    auto read(Read&& work) -> outcome<std::invoke_result_t<Read&, connection&>> {
        if (auto gone = check_file()) return std::move(*gone);
        try {
            run(*db_, "BEGIN");
            auto found = work(*db_);
            run(*db_, "COMMIT");
            return found;
        } catch (const sqlite_error& e) {
            sqlite3_exec(db_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
            return fail(e);
        }
    }

    sqlite_options options_;
    owner_lock lock_;                    // outlives the connection
    std::optional<file_identity> file_;  // since it was first opened
    std::optional<connection> db_;
    int log_pages_ = 0;  // of the write-ahead log, after the last commit
    int next_checkpoint_ = checkpoint_pages;
};

std::optional<unavailable> sqlite_store::open() {
    if (db_) return std::nullopt;
    if (!in_memory()) {
        if (auto why = prepare_file()) return as_unavailable(why->kind, why->why);
    }
    try {
        connect();
        if (const auto kind = check_schema(*db_)) {
            close();
            return as_unavailable(*kind, *kind == trouble::too_new
                                             ? "it was written by a newer version of this program; use that one"
                                             : "it holds something else");
        }
        if (in_memory() || is_owner()) bring_up_to_date(*db_);
        if (is_owner()) {
            // That it takes a write: a full disk and the like show here, not at the first change.
            db_->execute("BEGIN IMMEDIATE; UPDATE ledger SET oldest_schema = oldest_schema; COMMIT");
        }
    } catch (const sqlite_error& e) {
        close();
        return as_unavailable(kind_of(e), e.what());
    }
    if (in_memory()) return std::nullopt;
    file_ = identify(options_.file);
    if (is_owner()) {
        // Of the file and of its log, which are there by now.
        if (const auto error = sync_directory(options_.file)) {
            close();
            return as_unavailable(trouble::failing, "its directory can't be flushed: " + *error);
        }
    }
    return std::nullopt;
}

// What has to hold before SQLite sees the file.
std::optional<unavailable> sqlite_store::prepare_file() {
    const auto there = identify(options_.file);
    if (file_ && there != file_)
        return unavailable{trouble::away, there
                                              ? "it was replaced by another file while it was in use; put it back, or "
                                                "restart the gateway to use the new one"
                                              : "it was deleted or moved while it was in use; put it back"};
    if (!there && !is_owner()) return unavailable{trouble::not_there, "there is none"};
    if (auto why = check_directory(options_.file)) return why;
    if (!is_owner()) return std::nullopt;
    if (auto why = lock_.take(options_.file)) return why;
    if (const auto error = there ? std::nullopt : create_file(options_.file))
        return unavailable{trouble::not_writable, "it can't be created: " + *error};
    return std::nullopt;
}

void sqlite_store::connect() {
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    db_.emplace(in_memory() ? ":memory:" : options_.file, in_memory() ? flags | SQLITE_OPEN_MEMORY : flags);
    sqlite3* const handle = db_->handle();
    if (sqlite3_db_readonly(handle, "main") == 1)  // SQLite opens what it can't write for reading
        throw sqlite_error(SQLITE_READONLY, "it is not writable");
    sqlite3_busy_timeout(handle, static_cast<int>(options_.busy_timeout.count()));
    // A checkpoint is this class's own affair: see the header. The last connection's close would make one, too, and
    // remove a log that may be another file's by now.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    db_->execute(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536");
    if (in_memory()) return;
    db_->execute("PRAGMA synchronous = FULL");
    if (is_owner()) db_->execute("PRAGMA journal_mode = WAL");
    if (options_.how == sqlite_options::access::reader) db_->execute("PRAGMA query_only = ON");
    sqlite3_wal_hook(
        handle,
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<sqlite_store*>(self)->log_pages_ = pages;
            return SQLITE_OK;
        },
        this);
}

// A file that was deleted or replaced beneath: what is written to it is lost.
std::optional<unavailable> sqlite_store::check_file() {
    if (!db_) return as_unavailable(trouble::away, "it is not open");
    if (in_memory() || identify(options_.file) == file_) return std::nullopt;
    close();
    const auto why = prepare_file();
    return as_unavailable(trouble::away, why ? why->why : "it was away for a moment");
}

// After what the connection can't go on from, it is closed: open() makes a new one.
unavailable sqlite_store::fail(const sqlite_error& e) {
    auto why = as_unavailable(kind_of(e), e.what());
    if (why.kind == trouble::held) why.why += ": another process is in a transaction";
    if (!in_memory() && why.kind != trouble::held) close();
    return why;
}

std::optional<commit_failure> sqlite_store::commit(std::span<const any_write> batch, std::vector<any_result>& results) {
    results.clear();
    if (auto gone = check_file()) return commit_failure{std::move(*gone)};
    if (batch.empty() && options_.how == sqlite_options::access::reader) return std::nullopt;
    bool commits = false;
    try {
        run(*db_, "BEGIN IMMEDIATE");
        std::optional<std::vector<freeze>> freezes;  // read once, when the first of the batch needs them
        for (const any_write& each : batch)
            results.push_back(apply_one(each, freezes));
        commits = true;
        run(*db_, "COMMIT");
        return std::nullopt;
    } catch (const sqlite_error& e) {
        results.clear();
        sqlite3_exec(db_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        return commit_failure{fail(e), commits};
    }
}

any_result sqlite_store::apply_one(const any_write& write, std::optional<std::vector<freeze>>& freezes) {
    return std::visit(
        [&](const auto& each) -> any_result {
            using kind = std::decay_t<decltype(each)>;
            if constexpr (std::is_same_v<kind, writes::record>) {
                if (!freezes) freezes = standing_freezes(*db_, each.request.begun);
                return record_change(*db_, each.request, *freezes, options_.process);
            } else {
                if constexpr (std::is_same_v<kind, writes::add_freeze> || std::is_same_v<kind, writes::unfreeze>)
                    freezes.reset();
                if constexpr (std::is_same_v<kind, writes::not_sent>)
                    return typename kind::result(apply(*db_, each, options_.process));
                else
                    return typename kind::result(apply(*db_, each));
            }
        },
        write);
}

std::optional<unavailable> sqlite_store::maintain() {
    if (auto gone = check_file()) return gone;
    if (in_memory() || !is_owner() || log_pages_ < next_checkpoint_) return std::nullopt;
    try {
        checkpoint();
    } catch (const sqlite_error& e) {
        return fail(e);
    }
    return std::nullopt;
}

void sqlite_store::checkpoint() {
    sqlite3* const handle = db_->handle();
    sqlite3_busy_timeout(handle, checkpoint_patience_ms);
    const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(handle, static_cast<int>(options_.busy_timeout.count()));
    if (code == SQLITE_OK) log_pages_ = 0;
    next_checkpoint_ = log_pages_ + checkpoint_pages;
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) throw sqlite_error(code, sqlite3_errmsg(handle));
}

void sqlite_store::close_in_order() noexcept {
    if (!db_ || in_memory() || !is_owner()) return;
    if (check_file()) return;
    // So that the file is whole by itself; without it the log beside it is needed, which is no loss.
    sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

}  // namespace

std::unique_ptr<store> make_sqlite_store(sqlite_options options) {
    return std::make_unique<sqlite_store>(std::move(options));
}

std::optional<std::string> find_file_owner(const std::string& file) { return find_owner(file); }

}  // namespace gateway::ledger
