// Changes a second (both commits of each) through the database thread, beside an ideal loop: the same rows, written by
// one thread in batches of the same size into a file of the same tables on the same disk, without a check, a queue or a
// caller. Each caller submits its next write from the completion of its last.
//
//     ledger_bench [FOLDER [SECONDS [ENDED_CHANGES]]]
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/ledger/database_thread.hpp"
#include "gateway/ledger/sqlite_store.hpp"
#include "sqlite_rows.hpp"

namespace {

using namespace gateway::ledger;
using clock_type = std::chrono::steady_clock;
using std::chrono::duration;

instant now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

// Of the whole process, both in its own code and in the kernel.
double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Ids spread like random ones, so that indexes are hit where real ones are.
std::string make_id(std::uint64_t number) {
    char text[40];
    std::uint64_t mixed = number + 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(mixed ^ (mixed >> 31)),
                  static_cast<unsigned long long>(number));
    return text;
}

change_request make_change(std::uint64_t number) {
    change_request r;
    r.id = make_id(number);
    r.identity = {"planner",           "", "acme", "key-" + make_id(number + 7), "SDK-HMAC-SHA256 " + r.id, {},
                  std::string(32, 'f')};
    r.begun = now();
    r.identity.signed_at = std::chrono::floor<std::chrono::seconds>(r.begun);
    r.operation = "resize";
    r.project_id = "0605767e5780d5762fc5c0118072a564";
    r.region = "cn-north-4";
    r.rule = "planner-grows-acme";
    r.flavor = "s6.large.2";
    r.server_ids = {make_id(number + 3)};
    r.holds_server = true;
    return r;
}

writes::answered make_answer(std::string id) {
    writes::answered w{std::move(id), state::accepted, {200, "application/json", {}}, {}, now()};
    w.learnt.job_id = "ff808082739334d80173941ec9b51234";
    w.answer.body = "{\"job_id\":\"" + w.learnt.job_id + "\"}";
    return w;
}

std::atomic<std::uint64_t> numbers{0};

struct figures {
    double changes_a_second = 0, p50_ms = 0, p99_ms = 0, two_commits_ms = 0, cpu_us = 0;
};

class load {
public:
    load(database_thread& ledger, std::size_t callers, double seconds) : ledger_(ledger), waiting_(callers) {
        const auto began = clock_type::now();
        const double used_before = cpu_seconds();
        end_ = began + std::chrono::duration_cast<clock_type::duration>(duration<double>(seconds));
        for (std::size_t i = 0; i < callers; ++i)
            record();
        for (std::size_t left = waiting_.load(); left != 0; left = waiting_.load())
            waiting_.wait(left);
        took_ = duration<double>(clock_type::now() - began).count();
        cpu_seconds_ = cpu_seconds() - used_before;
    }

    figures result() {
        figures f;
        std::sort(times_.begin(), times_.end());
        f.changes_a_second = static_cast<double>(times_.size()) / took_;
        f.cpu_us = cpu_seconds_ * 1e6 / static_cast<double>(times_.size());
        f.p50_ms = times_.at(times_.size() / 2) * 1e3;
        f.p99_ms = times_.at(times_.size() * 99 / 100) * 1e3;
        return f;
    }

private:
    void record() {
        const auto began = clock_type::now();
        if (began >= end_) {
            --waiting_;
            waiting_.notify_all();
            return;
        }
        auto request = make_change(numbers++);
        auto id = request.id;
        ledger_.submit(
            writes::record{std::move(request)}, began + std::chrono::seconds(60),
            completion<record_result>([this, began, id = std::move(id)](const record_result& result) mutable {
                if (!std::holds_alternative<recorded>(result)) std::abort();
                answer(began, std::move(id));
            }));
    }
    void answer(clock_type::time_point began, std::string id) {
        ledger_.submit(make_answer(std::move(id)), began + std::chrono::seconds(60),
                       completion<outcome<moved>>([this, began](const outcome<moved>& result) {
                           if (!result) std::abort();
                           times_.push_back(duration<double>(clock_type::now() - began).count());
                           record();
                       }));
    }

    database_thread& ledger_;
    clock_type::time_point end_;
    std::atomic<std::size_t> waiting_;
    std::vector<double> times_;  // of the database thread, where completions run
    double took_ = 0, cpu_seconds_ = 0;
};

// The rows of one change, as the store writes them.
void insert_rows(connection& db, const change_request& r) {
    const std::string digest = signature_digest(r.identity);
    run(db,
        "INSERT INTO changes (id, state, operation, caller, subject, account, project_id, region, rule, flavor,"
        " server_ids, server_count, holds_server, key, signature, fingerprint, begun, signed_at, updated, process,"
        " is_rated, is_counted) VALUES (?, 'sending', ?, ?, '', ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, 'bench', 0, "
        "1)",
        r.id, r.operation, r.identity.caller, r.identity.account, r.project_id, r.region, r.rule, r.flavor,
        r.server_ids[0], r.identity.key, blob_view{digest}, blob_view{r.identity.fingerprint}, r.begun,
        r.identity.signed_at.time_since_epoch().count(), r.begun);
    const std::int64_t row = db.last_row();
    run(db, "INSERT INTO servers VALUES (?, ?)", r.server_ids[0], row);
    run(db, "INSERT INTO holds VALUES (?, ?, ?, NULL)", r.project_id, r.server_ids[0], row);
}

void answer_rows(connection& db, const change_request& r, const writes::answered& w) {
    run(db,
        "UPDATE changes SET state = 'accepted', updated = ?1, due = ?1, last_good_answer = ?1, job_id = ?2,"
        " answer_status = 200, answer_type = ?3, answer_body = ?4 WHERE id = ?5",
        w.time, w.learnt.job_id, w.answer.content_type, blob_view{w.answer.body}, w.id);
    run(db, "UPDATE holds SET until = ? WHERE project_id = ? AND server_id = ?", w.time + accepted_hold, r.project_id,
        r.server_ids[0]);
    run(db, "INSERT INTO history SELECT row, 1, ?, 'accepted', 'answer 200' FROM changes WHERE id = ?", w.time, w.id);
}

// As the store does it: the log goes into the file after 4 MiB, under the write lock.
class plain_file {
public:
    explicit plain_file(const std::string& file) : db_(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX) {
        db_.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
            "PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536");
        sqlite3_wal_hook(
            db_.handle(),
            [](void* pages, sqlite3*, const char*, int count) {
                *static_cast<int*>(pages) = count;
                return SQLITE_OK;
            },
            &log_pages_);
    }
    template <class Each>
    void commit(std::size_t count, Each each) {
        run(db_, "BEGIN IMMEDIATE");
        for (std::size_t i = 0; i < count; ++i)
            each(db_, i);
        run(db_, "COMMIT");
        if (log_pages_ < 1000) return;
        sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        log_pages_ = 0;
    }

private:
    int log_pages_ = 0;
    connection db_;
};

// One thread that commits batches of `callers` records, then of their answers.
figures run_ideal(const std::string& file, std::size_t callers, double seconds) {
    plain_file plain(file);
    const auto began = clock_type::now();
    const double used_before = cpu_seconds();
    std::size_t changes = 0;
    while (duration<double>(clock_type::now() - began).count() < seconds) {
        std::vector<change_request> requests;
        for (std::size_t i = 0; i < callers; ++i)
            requests.push_back(make_change(numbers++));
        plain.commit(callers, [&](connection& db, std::size_t i) { insert_rows(db, requests[i]); });
        plain.commit(callers,
                     [&](connection& db, std::size_t i) { answer_rows(db, requests[i], make_answer(requests[i].id)); });
        changes += callers;
    }
    const double took = duration<double>(clock_type::now() - began).count();
    figures f;
    f.changes_a_second = static_cast<double>(changes) / took;
    f.two_commits_ms = took * 1e3 * static_cast<double>(callers) / static_cast<double>(changes);
    f.cpu_us = (cpu_seconds() - used_before) * 1e6 / static_cast<double>(changes);
    return f;
}

std::unique_ptr<store> open(const std::string& file) {
    auto made = make_sqlite_store({.file = file, .process = "bench"});
    if (const auto problem = made->open()) {
        std::fprintf(stderr, "%s\n", problem->reason.c_str());
        std::exit(1);
    }
    return made;
}

void fill(const std::string& file, std::uint64_t count) {
    const auto ledger = open(file);
    std::vector<any_result> results;
    for (std::uint64_t done = 0; done < count;) {
        std::vector<any_write> batch;
        for (int i = 0; i < 1000; ++i, ++done) {
            auto request = make_change(numbers++);
            auto id = request.id;
            batch.emplace_back(writes::record{std::move(request)});
            batch.emplace_back(make_answer(id));
            batch.emplace_back(
                writes::settle{std::move(id), state::succeeded, cause::following, {}, "", "", now(), now(), {}});
        }
        if (ledger->commit(batch, results) || ledger->maintain()) std::abort();
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::filesystem::path folder = count > 1 ? arguments[1] : ".";
    const double seconds = count > 2 ? std::atof(arguments[2]) : 3;
    const std::uint64_t ended = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 0;
    const std::string file = (folder / "ledger_bench.db").string(), other = (folder / "ledger_bench_ideal.db").string();
    const auto clean = [&] {
        for (const std::string& each : {file, other}) {
            for (const char* suffix : {"", "-wal", "-shm", ".lock"})
                std::filesystem::remove(each + suffix);
        }
    };
    clean();
    if (ended != 0) {
        for (const std::string& each : {file, other})
            fill(each, ended);
    }
    std::printf("%8s %12s %12s %7s %10s %10s %12s %7s %12s\n", "callers", "changes/s", "ideal/s", "ratio", "p50 ms",
                "p99 ms", "2 commits ms", "CPU us", "ideal CPU us");
    for (const std::size_t callers : {1U, 8U, 64U, 256U}) {
        static_cast<void>(open(other));  // makes the tables
        const figures best = run_ideal(other, callers, seconds);
        database_thread thread(open(file), {});
        while (!thread.status().is_up)
            std::this_thread::yield();
        const figures made = load(thread, callers, seconds).result();
        std::printf("%8zu %12.0f %12.0f %7.2f %10.2f %10.2f %12.2f %7.1f %12.1f\n", callers, made.changes_a_second,
                    best.changes_a_second, made.changes_a_second / best.changes_a_second, made.p50_ms, made.p99_ms,
                    best.two_commits_ms, made.cpu_us, best.cpu_us);
        std::fflush(stdout);
    }
    clean();
}
