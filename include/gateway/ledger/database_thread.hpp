#pragma once
// The thread that a store belongs to. Workers hand it writes and reads, and never wait for a disk themselves.
//
// It takes all writes that wait into one transaction: a flush to the disk takes some milliseconds however much it
// flushes. A disk that hangs stops this thread, and nothing else: a second one, the watchdog, ends each request at its
// deadline. Then
//  - a record that was still waiting is dropped, and never comes to be;
//  - a record that was on its way to the disk is settled as not_sent, under its id, as soon as that can be written;
//  - what became of an exchange (answered, unknown, not_sent) is written late: it keeps waiting.
//
// A gateway has two of these for a file: one that writes, and one with a connection of its own that reads, so that a
// list never holds up a commit. A ledger in memory has one for both.

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/ledger/completion.hpp"
#include "gateway/ledger/pending.hpp"
#include "gateway/ledger/store.hpp"
#include "gateway/ledger/watchdog.hpp"

namespace gateway::ledger {

struct database_options {
    std::chrono::milliseconds timeout{2000};  // beyond it a commit counts as hanging: requests are refused at once
    std::size_t max_waiting = 16384;          // requests; more are refused. What became of an exchange always has room
    std::size_t max_batch = 512;              // writes in a transaction
    // For the thread that writes for a gateway: changes that others left in `sending` become unknown when the ledger is
    // first open, and changes that ended so long ago are deleted.
    bool recovers = false;
    std::optional<std::chrono::seconds> keep;
    // When the ledger is first open, on the database thread, before any request: the ids of what became unknown.
    completion<std::vector<std::string>> on_first_open;
    bool logs_trouble = true;
};

struct database_status {
    bool is_up = false;
    bool was_opened = false;  // once at least
    std::optional<unavailable> cause;
};

// Since the start.
struct database_figures {
    // Upper bounds of commit_times; the last one is open.
    static constexpr std::array<double, 11> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};
    std::uint64_t commits = 0, rows = 0;  // rows: writes that were committed
    std::array<std::uint64_t, bounds.size() + 1> commit_times{};
    double commit_seconds = 0;
    struct end {
        std::string operation, account;
        state reached;
        auto operator<=>(const end&) const = default;
    };
    std::map<end, std::uint64_t> ends;  // of changes, by writes of this thread
    std::uint64_t contradicted = 0;     // changes whose end was believed and was none
};

class database_thread {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Opens the store on its thread, and again after trouble, with growing pauses.
    database_thread(std::unique_ptr<store> owned, database_options options);
    // Writes what waits, if the store is open, and ends. Waits for a disk that hangs.
    ~database_thread();
    database_thread(const database_thread&) = delete;
    database_thread& operator=(const database_thread&) = delete;

    // `done` is called once, on a thread of this object or, when the write is refused at once, within this call. It
    // must not throw, nor wait for anything.
    template <class Write>
    void submit(Write write, time_point deadline, completion<typename Write::result> done) {
        push_write(std::make_shared<pending_write_of<Write>>(std::move(write), deadline, std::move(done)));
    }
    // `work(store&) -> outcome<T>` is called on the thread, and sees all that was committed before this call.
    template <class T, class Work>
    void read(Work work, time_point deadline, completion<outcome<T>> done) {
        push_read(std::make_shared<pending_read_of<T, Work>>(std::move(work), deadline, std::move(done)));
    }

    [[nodiscard]] database_status status() const;
    [[nodiscard]] database_figures figures() const;
    [[nodiscard]] std::string describe() const { return name_; }

private:
    void push_write(std::shared_ptr<pending_write> write);
    void push_read(std::shared_ptr<pending_read> read);
    [[nodiscard]] std::optional<unavailable> find_obstacle();
    [[nodiscard]] std::chrono::milliseconds busy_for() const;
    [[nodiscard]] unavailable explain_lateness();
    void run();
    void try_to_open();
    [[nodiscard]] bool collect();
    void wait_for_others(std::unique_lock<std::mutex>& held);
    void serve_reads();
    void write_batch();
    void give_results(std::vector<any_write>& writes, std::vector<any_result>& results);
    void take_back(std::vector<any_write>& writes, const commit_failure& failure);
    void maintain();
    void recover();
    void forget_old();
    void log_trouble(const unavailable& cause);
    void set_trouble(const unavailable& cause);
    void fail_waiting(const unavailable& cause, bool all);
    void clear_trouble();
    void count_commit(std::chrono::steady_clock::duration took, const std::vector<any_result>& results);
    void enqueue_settled_as_not_sent(change_request request);

    std::unique_ptr<store> store_;
    database_options options_;
    std::string name_;

    mutable std::mutex lock_;  // of what follows
    std::condition_variable woken_;
    std::deque<std::shared_ptr<pending_write>> writes_;
    std::deque<std::shared_ptr<pending_read>> reads_;
    std::size_t wake_at_ = 0;  // the thread sleeps until so many requests wait; 0 = it does not sleep
    bool is_urgent_ = false;   // something waits that does not merely ride
    bool stop_ = false;
    bool is_open_ = false;
    bool was_opened_ = false;
    std::optional<unavailable> trouble_;
    std::optional<trouble> last_said_;  // in the log
    time_point last_said_at_{};
    bool was_said_ = false;  // and has not been taken back
    database_figures figures_;

    std::atomic<std::int64_t> busy_since_{0};  // steady_clock: when the store was last called; 0 = it has returned

    // The thread's own.
    std::vector<std::shared_ptr<pending_write>> batch_;
    std::vector<std::shared_ptr<pending_read>> read_batch_;
    std::chrono::steady_clock::duration last_commit_{};
    std::size_t last_batch_ = 0;
    std::chrono::milliseconds pause_{};  // before the next try to open
    time_point next_try_{};
    time_point next_forget_{};
    bool has_recovered_ = false;

    watchdog watchdog_;
    std::thread thread_;
};

}  // namespace gateway::ledger
