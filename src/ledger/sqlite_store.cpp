#include "gateway/ledger/sqlite_store.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "sqlite_file.hpp"
#include "sqlite_opening.hpp"
#include "sqlite_rows.hpp"
#include "sqlite_schema.hpp"

namespace gateway::ledger {

namespace {

// Pages of the write-ahead log after which it goes into the file: 4 MiB, SQLite's own default.
constexpr int checkpoint_pages = 1000;
// A reader in its transaction keeps a checkpoint from its end; the next one comes soon enough.
constexpr int checkpoint_patience_ms = 5;

class sqlite_store final : public store {
public:
    explicit sqlite_store(sqlite_options options) : options_(std::move(options)) {
        if (options_.process.empty()) options_.process = make_process_id();
    }
    ~sqlite_store() override { close_in_order(); }

    std::string describe() const override { return in_memory() ? "memory" : "file " + options_.file; }
    std::optional<unavailable> open() override;
    bool is_open() const noexcept override { return db_.has_value(); }
    std::optional<commit_failure> commit(std::span<const any_write> batch, std::vector<any_result>& results) override;
    std::optional<unavailable> maintain() override;

    outcome<found_repeat> find_repeat(const ledger::identity& identity) override {
        return read([&](connection& db) { return find_repeat_of(db, identity); });
    }
    outcome<std::optional<change>> find(std::string_view id, instant now) override {
        return read([&](connection& db) -> std::optional<change> {
            auto row = find_row(db, id);
            if (!row) return std::nullopt;
            row->change.holds = holds_now(db, *row, now);
            row->change.history = read_history(db, *row);
            return std::move(row->change);
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
    outcome<std::optional<instant>> next_due() override {
        return read([](connection& db) { return find_next_due(db); });
    }
    outcome<std::vector<open_count>> count_open() override {
        return read([&](connection& db) { return count_open_changes(db); });
    }
    outcome<std::vector<counted_change>> counted_changes(const change_request& request) override {
        return read([&](connection& db) { return find_counted(db, request); });
    }
    outcome<std::vector<account_count>> count_open_by_account() override {
        return read([&](connection& db) { return gateway::ledger::count_open_by_account(db); });
    }
    outcome<ledger_facts> describe_contents(instant now) override;
    outcome<std::vector<std::string>> check() override;

private:
    bool in_memory() const { return options_.file.empty(); }
    bool is_owner() const { return options_.mode == sqlite_options::access::owner; }
    unavailable as_unavailable(trouble kind, const std::string& reason) const {
        return {kind, "ledger in " + describe() + ": " + reason};
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
        if (auto problem = prepare_file()) return as_unavailable(problem->kind, problem->reason);
    }
    try {
        connect();
        if (const auto wrong = check_schema(*db_, in_memory() || is_owner())) {
            close();
            return as_unavailable(wrong->kind, wrong->reason);
        }
        if (in_memory() || is_owner()) bring_up_to_date(*db_);
        if (is_owner()) {
            // That it takes a write: a full disk and the like show here, not at the first change.
            db_->execute("BEGIN IMMEDIATE; UPDATE ledger SET oldest_schema = oldest_schema; COMMIT");
        }
    } catch (const sqlite_error& e) {
        close();
        return as_unavailable(e.kind(), e.what());
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
    const auto current = identify(options_.file);
    if (file_ && current != file_)
        return unavailable{trouble::away, current
                                              ? "it was replaced by another file while it was in use; put it back, or "
                                                "restart the gateway to use the new one"
                                              : "it was deleted or moved while it was in use; put it back"};
    if (!current && !is_owner()) return unavailable{trouble::not_there, "there is none"};
    if (auto problem = check_directory(options_.file)) return problem;
    if (!is_owner()) return std::nullopt;
    if (auto problem = lock_.take(options_.file)) return problem;
    if (const auto error = current ? std::nullopt : create_file(options_.file))
        return unavailable{trouble::not_writable, "it can't be created: " + *error};
    return std::nullopt;
}

void sqlite_store::connect() {
    db_ = open_connection(options_);
    if (in_memory()) return;
    sqlite3_wal_hook(
        db_->handle(),
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
    const auto problem = prepare_file();
    return as_unavailable(trouble::away, problem ? problem->reason : "it was away for a moment");
}

// After an error that the connection can't go on from, it is closed: open() makes a new one.
unavailable sqlite_store::fail(const sqlite_error& e) {
    auto problem = as_unavailable(e.kind(), e.what());
    if (problem.kind == trouble::held) problem.reason += ": another process is in a transaction";
    if (!in_memory() && problem.kind != trouble::held) close();
    return problem;
}

std::optional<commit_failure> sqlite_store::commit(std::span<const any_write> batch, std::vector<any_result>& results) {
    results.clear();
    if (auto gone = check_file()) return commit_failure{std::move(*gone)};
    if (batch.empty() && options_.mode == sqlite_options::access::reader) return std::nullopt;
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
                if constexpr (std::is_same_v<kind, writes::not_sent> || std::is_same_v<kind, writes::recover>)
                    return typename kind::result(apply(*db_, each, options_.process));
                else
                    return typename kind::result(apply(*db_, each));
            }
        },
        write);
}

outcome<ledger_facts> sqlite_store::describe_contents(instant now) {
    return read([&](connection& db) {
        ledger_facts facts;
        facts.version = db.pragma("PRAGMA user_version");
        facts.bytes = static_cast<std::uint64_t>(db.pragma("PRAGMA page_count") * db.pragma("PRAGMA page_size"));
        if (!in_memory()) facts.log_bytes = file_size(options_.file + "-wal");
        facts.changes = static_cast<std::size_t>(db.pragma("SELECT count(*) FROM changes"));
        facts.freezes = standing_freezes(db, now).size();
        facts.open = count_open_changes(db);
        auto oldest = read_page(db, {.ended = false, .limit = 1}, false, now);
        if (!oldest.changes.empty()) facts.oldest_open = std::move(oldest.changes.front());
        return facts;
    });
}

// A table at a time, each in a transaction of its own: a long one keeps the log from being emptied.
outcome<std::vector<std::string>> sqlite_store::check() {
    std::vector<std::string> problems;
    constexpr std::array tables{"sqlite_schema", "ledger",  "changes",  "servers",
                                "holds",         "history", "evidence", "freezes"};
    for (const char* table : tables) {
        const auto checked = read([&](connection& db) {
            query rows(db, "SELECT integrity_check FROM pragma_integrity_check(?)", table);
            while (rows.next()) {
                if (rows->view(0) != "ok") problems.push_back(rows->text(0));
            }
            return true;
        });
        if (!checked) return checked.error();
    }
    return problems;
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

std::optional<unavailable> try_file(const std::string& file) {
    if (!identify(file)) {
        auto problem = check_creation(file);
        if (problem) problem->reason = "ledger in file " + file + ": " + problem->reason;
        return problem;
    }
    auto problem = make_sqlite_store({.file = file, .mode = sqlite_options::access::reader})->open();
    // An older version is migrated at the start.
    if (problem && (can_wait(problem->kind) || problem->kind == trouble::outdated)) return std::nullopt;
    return problem;
}

std::string_view sqlite_version() noexcept { return sqlite3_libversion(); }

std::optional<std::string> find_file_owner(const std::string& file) { return find_owner(file); }

}  // namespace gateway::ledger
