#include "gateway/ledger/postgresql_store.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "postgresql_batch.hpp"
#include "postgresql_connection.hpp"
#include "postgresql_lists.hpp"
#include "postgresql_schema.hpp"
#include "postgresql_upkeep.hpp"
#include "row_texts.hpp"

namespace gateway::ledger {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int max_attempts = 5;  // of a commit that others get in the way of
constexpr auto heartbeat = 1s;

instant now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

class postgresql_store final : public store {
public:
    explicit postgresql_store(postgresql_options options) : options_(std::move(options)) {
        if (options_.process.empty()) options_.process = make_process_id();
        try {
            place_ = read_connection_string(options_.connection().reveal());
        } catch (const std::exception& e) {
            place_ = {"?", std::string("its connection string can't be had: ") + e.what()};
        }
    }
    ~postgresql_store() override { say_goodbye(); }

    std::string describe() const override { return "PostgreSQL at " + place_.name; }
    std::optional<unavailable> open() override;
    bool is_open() const noexcept override { return db_.has_value(); }
    std::optional<commit_failure> commit(std::span<const any_write> batch, std::vector<any_result>& results) override;
    std::optional<unavailable> maintain() override;

    outcome<found_repeat> find_repeat(const ledger::identity& identity) override {
        return read([&](postgresql_connection& db) { return find_repeat_of(db, identity); });
    }
    outcome<std::optional<change>> find(std::string_view id, instant time) override {
        return read([&](postgresql_connection& db) { return find_change(db, id, time); });
    }
    outcome<change_page> list(const list_filter& filter, instant time) override {
        return read([&](postgresql_connection& db) { return read_page(db, filter, true, time); });
    }
    outcome<change_page> list_oldest_first(const list_filter& filter, instant time) override {
        return read([&](postgresql_connection& db) { return read_page(db, filter, false, time); });
    }
    outcome<std::vector<freeze>> freezes(instant time) override {
        return read([&](postgresql_connection& db) { return standing_freezes(db, time); });
    }
    outcome<std::optional<instant>> next_due() override {
        return read([](postgresql_connection& db) { return find_next_due(db); });
    }
    outcome<std::vector<open_count>> count_open() override {
        return read([](postgresql_connection& db) { return count_open_changes(db); });
    }
    outcome<std::vector<counted_change>> counted_changes(const change_request& request) override {
        return read([&](postgresql_connection& db) { return find_counted(db, request); });
    }
    outcome<std::vector<account_count>> count_open_by_account() override {
        return read([](postgresql_connection& db) { return gateway::ledger::count_open_by_account(db); });
    }
    outcome<ledger_facts> describe_contents(instant time) override {
        return read([&](postgresql_connection& db) { return describe_tables(db, time); });
    }
    outcome<std::vector<std::string>> check() override {
        return read([](postgresql_connection& db) { return check_tables(db); });
    }

private:
    bool is_replica() const { return options_.mode == postgresql_options::access::replica; }
    unavailable as_unavailable(trouble kind, const std::string& reason) const {
        return {kind, "ledger in " + describe() + ": " + reason};
    }
    unavailable fail(const postgresql_error& e);
    void begin(bool is_exclusive, std::optional<std::int64_t> freezes_version);
    void commit_at_once(std::span<const any_write> batch, std::vector<any_result>& results);
    void commit_step_by_step(std::span<const any_write> batch, std::vector<any_result>& results, bool is_exclusive);
    void write_changes(std::span<const any_write> batch, std::vector<any_result>& results);
    any_result write_other(const any_write& write);
    void end();
    void beat();
    void recover_others();
    void say_goodbye() noexcept;

    template <class Read>
    auto read(Read&& work) -> outcome<std::invoke_result_t<Read&, postgresql_connection&>> {
        if (!db_) return as_unavailable(trouble::away, "it is not open");
        try {
            return work(*db_);
        } catch (const postgresql_error& e) {
            return fail(e);
        }
    }

    postgresql_options options_;
    postgresql_place place_;
    std::optional<postgresql_connection> db_;
    std::optional<known_freezes> freezes_;
    bool is_committing_ = false;
    clock::time_point next_beat_{}, next_recovery_{};
};

std::optional<unavailable> postgresql_store::open() {
    if (db_) return std::nullopt;
    freezes_.reset();
    try {
        const secret_text text = options_.connection();
        place_ = read_connection_string(text.reveal());
        if (place_.problem) return as_unavailable(trouble::not_allowed, *place_.problem);
        db_.emplace(text, options_.timeout);
        const bool may_migrate = is_replica() || options_.mode == postgresql_options::access::migrator;
        if (const auto wrong = prepare_schema(*db_, may_migrate)) {
            db_.reset();
            return as_unavailable(wrong->kind, wrong->reason);
        }
        if (is_replica()) beat();
        return std::nullopt;
    } catch (const postgresql_error& e) {
        db_.reset();
        return as_unavailable(e.kind(), e.what());
    } catch (const std::exception& e) {
        db_.reset();
        return as_unavailable(trouble::away, std::string("its connection string can't be had: ") + e.what());
    }
}

// After an error that leaves no usable connection, open() makes a new one.
unavailable postgresql_store::fail(const postgresql_error& e) {
    auto problem = as_unavailable(e.kind(), e.what());
    freezes_.reset();
    try {
        if (e.is_lost() || e.kind() == trouble::not_allowed)
            db_.reset();
        else
            db_->roll_back();
    } catch (const postgresql_error&) {
        db_.reset();
    }
    return problem;
}

std::optional<commit_failure> postgresql_store::commit(std::span<const any_write> batch,
                                                       std::vector<any_result>& results) {
    const auto concerns_freezes = [](const any_write& each) {
        return std::holds_alternative<writes::add_freeze>(each) || std::holds_alternative<writes::unfreeze>(each);
    };
    bool is_exclusive = std::ranges::any_of(batch, concerns_freezes);
    for (int attempt = 1;; ++attempt, is_exclusive = true) {
        results.clear();
        if (!db_) return commit_failure{as_unavailable(trouble::away, "it is not open")};
        is_committing_ = false;
        try {
            if (!is_exclusive && std::ranges::all_of(batch, is_of_a_change))
                commit_at_once(batch, results);
            else
                commit_step_by_step(batch, results, is_exclusive);
            return std::nullopt;
        } catch (const postgresql_error& e) {
            results.clear();
            auto problem = fail(e);
            if (!e.is_conflict() || attempt == max_attempts)
                return commit_failure{std::move(problem), is_committing_ && e.is_lost()};
        }
    }
}

// The lock that all who write share, and that nobody shares with who writes exclusively.
void postgresql_store::begin(bool is_exclusive, std::optional<std::int64_t> freezes_version) {
    db_->add("BEGIN");
    add_settings(*db_, options_.timeout);
    const parameter version = freezes_version ? parameter(std::to_string(*freezes_version)) : std::nullopt;
    db_->add(is_exclusive ? "SELECT expect_rows(freezes_version, coalesce($1::bigint, freezes_version)) FROM ledger"
                            " FOR UPDATE"
                          : "SELECT expect_rows(freezes_version, coalesce($1::bigint, freezes_version)) FROM ledger"
                            " FOR SHARE",
             {version});
}

void postgresql_store::end() {
    db_->add("COMMIT");
    is_committing_ = true;
    db_->flush();
}

// All reads in one flush, and from BEGIN to COMMIT in another: a process that is stopped holds no lock.
void postgresql_store::commit_at_once(std::span<const any_write> batch, std::vector<any_result>& results) {
    postgresql_batch together(*db_, options_.process, freezes_);
    if (!batch.empty()) {
        add_settings(*db_, options_.timeout);
        together.read(batch);
        for (const any_write& each : batch)
            results.push_back(together.apply(each));
        if (!together.has_changes()) return;
    }
    begin(false, together.has_records() ? std::optional(freezes_->version) : std::nullopt);
    together.add_writes();
    end();
}

void postgresql_store::commit_step_by_step(std::span<const any_write> batch, std::vector<any_result>& results,
                                           bool is_exclusive) {
    freezes_.reset();
    begin(is_exclusive, std::nullopt);
    db_->flush();
    while (!batch.empty()) {
        const auto other = std::ranges::find_if_not(batch, is_of_a_change);
        const auto count = static_cast<std::size_t>(other - batch.begin());
        if (count != 0)
            write_changes(batch.first(count), results);
        else
            results.push_back(write_other(batch.front()));
        batch = batch.subspan(std::max<std::size_t>(count, 1));
    }
    end();
}

void postgresql_store::write_changes(std::span<const any_write> batch, std::vector<any_result>& results) {
    postgresql_batch together(*db_, options_.process, freezes_);
    together.read(batch);
    for (const any_write& each : batch)
        results.push_back(together.apply(each));
    together.add_writes();
    db_->flush();
}

any_result postgresql_store::write_other(const any_write& write) {
    const auto lease_clock = [&](instant time) {
        return options_.leases_by_database_clock ? std::nullopt : std::optional(time);
    };
    return std::visit(
        [&](const auto& each) -> any_result {
            using kind = std::decay_t<decltype(each)>;
            using result = typename kind::result;
            if constexpr (std::is_same_v<kind, writes::claim>) {
                writes::claim own = each;
                own.owner = options_.process;  // for the others, once this one is silent
                return result(apply(*db_, own, lease_clock(each.time)));
            } else if constexpr (std::is_same_v<kind, writes::recover>) {
                const auto ids = find_abandoned(*db_, options_.process, options_.silence);
                std::vector<any_write> wanted;
                for (const std::string& id : ids)
                    wanted.emplace_back(writes::unknown{id, {}, each.time});
                postgresql_batch together(*db_, options_.process, freezes_);
                together.read(wanted);
                for (const std::string& id : ids)
                    together.take_for_unknown(id, each.time);
                together.add_writes();
                db_->flush();
                return result(ids);
            } else if constexpr (std::is_same_v<kind, writes::add_freeze> || std::is_same_v<kind, writes::unfreeze> ||
                                 std::is_same_v<kind, writes::forget>) {
                freezes_.reset();
                return result(apply(*db_, each));
            } else {
                return {};
            }
        },
        write);
}

std::optional<unavailable> postgresql_store::maintain() {
    if (!db_) return as_unavailable(trouble::away, "it is not open");
    if (clock::now() < next_beat_) return std::nullopt;
    try {
        if (is_replica()) {
            beat();
            recover_others();
            return std::nullopt;
        }
        next_beat_ = clock::now() + heartbeat;
        if (db_->is_broken()) throw postgresql_error(trouble::away, {}, "the connection was closed", true);
    } catch (const postgresql_error& e) {
        return fail(e);
    }
    return std::nullopt;
}

void postgresql_store::beat() {
    say_alive(*db_, options_.process, options_.timeout);
    next_beat_ = clock::now() + heartbeat;
}

// Changes that other replicas left in `sending`, once those were silent for long enough.
void postgresql_store::recover_others() {
    if (clock::now() < next_recovery_) return;
    next_recovery_ = clock::now() + std::max<clock::duration>(options_.silence / 10, heartbeat);
    add_settings(*db_, options_.timeout);
    if (find_abandoned(*db_, options_.process, options_.silence).empty()) return;
    const any_write write = writes::recover{now()};
    std::vector<any_result> results;
    if (const auto failed = commit({&write, 1}, results)) {
        if (!db_) throw postgresql_error(failed->cause.kind, {}, failed->cause.reason, true);
        return;  // the next try comes soon
    }
    for (const std::string& id : std::get<writes::recover::result>(results.front()).value())
        spdlog::warn("ledger: a change was being sent by a replica that is silent, and is unknown now: change_id={}",
                     id);
}

// Others need not wait until this one was silent for long enough.
void postgresql_store::say_goodbye() noexcept {
    if (!db_ || !is_replica()) return;
    try {
        db_->add("DELETE FROM replicas WHERE process = $1", {options_.process});
        db_->flush();
    } catch (const std::exception&) {  // then they wait
        db_.reset();
    }
}

}  // namespace

std::unique_ptr<store> make_postgresql_store(postgresql_options options) {
    return std::make_unique<postgresql_store>(std::move(options));
}

std::optional<unavailable> try_postgresql(postgresql_options options) {
    options.mode = postgresql_options::access::reader;
    auto problem = make_postgresql_store(std::move(options))->open();
    // An older version is migrated at the start, and tables are made.
    if (problem &&
        (can_wait(problem->kind) || problem->kind == trouble::outdated || problem->kind == trouble::not_there))
        return std::nullopt;
    return problem;
}

}  // namespace gateway::ledger
