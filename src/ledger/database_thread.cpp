#include "gateway/ledger/database_thread.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace gateway::ledger {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto tick = 500ms;  // at most between two looks whether the store is still there
constexpr auto min_pause = 100ms;
constexpr auto max_pause = 5s;
constexpr auto silence = 60s;                // between two lines about the same trouble
constexpr std::size_t forget_at_once = 100;  // changes: some milliseconds
constexpr auto forget_pause = 100ms;
constexpr auto forget_rest = 60s;  // once nothing is old

instant now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

std::int64_t ticks_now() { return clock::now().time_since_epoch().count(); }

// While it lives, the store is being called.
class busy_mark {
public:
    explicit busy_mark(std::atomic<std::int64_t>& since) : since_(since) { since_.store(ticks_now()); }
    ~busy_mark() { since_.store(0); }
    busy_mark(const busy_mark&) = delete;
    busy_mark& operator=(const busy_mark&) = delete;

private:
    std::atomic<std::int64_t>& since_;
};

template <class Request>
void fail_request(Request& request, const unavailable& problem) {
    if (request.claim()) request.fail(problem);
}

}  // namespace

database_thread::database_thread(std::unique_ptr<store> owned, database_options options)
    : store_(std::move(owned)),
      options_(std::move(options)),
      name_(store_->describe()),
      pause_(min_pause),
      watchdog_([this] { return explain_lateness(); }),
      thread_([this] { run(); }) {}

database_thread::~database_thread() {
    {
        const std::lock_guard held(lock_);
        stop_ = true;
    }
    woken_.notify_one();
    thread_.join();
}

database_status database_thread::status() const {
    const std::lock_guard held(lock_);
    return {is_open_ && !trouble_, was_opened_, trouble_};
}

database_figures database_thread::figures() const {
    const std::lock_guard held(lock_);
    return figures_;
}

// Why nothing can be taken just now. Under the lock.
std::optional<unavailable> database_thread::find_obstacle() {
    if (stop_) return unavailable{trouble::overloaded, "the gateway is stopping"};
    if (!is_open_ && trouble_) return *trouble_;  // without trouble it is being opened
    if (writes_.size() + reads_.size() >= options_.max_waiting)
        return unavailable{trouble::overloaded, "ledger in " + name_ + ": too many requests wait for it"};
    if (trouble_ && busy_for() >= options_.timeout) return trouble_;
    return std::nullopt;
}

std::chrono::milliseconds database_thread::busy_for() const {
    const auto since = busy_since_.load();
    if (since == 0) return {};
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock::duration(ticks_now() - since));
}

// Of requests that the watchdog ends, on its thread.
unavailable database_thread::explain_lateness() {
    unavailable problem{trouble::overloaded, "ledger in " + name_ + ": no answer in time"};
    const auto busy = busy_for();
    if (busy < options_.timeout) return status().cause.value_or(std::move(problem));
    problem.reason += "; it has been waiting for its disk for " + std::to_string(busy.count()) + " ms";
    log_trouble(problem);
    return problem;
}

void database_thread::push_write(std::shared_ptr<pending_write> write) {
    std::optional<unavailable> obstacle;
    watchdog_.watch(write);
    {
        const std::lock_guard held(lock_);
        obstacle = find_obstacle();
        if (write->outlives_deadline() && !stop_) obstacle.reset();
        if (!obstacle) {
            is_urgent_ = is_urgent_ || !write->rides();
            writes_.push_back(write);
            if (wake_at_ != 0 && is_urgent_ && writes_.size() >= wake_at_) woken_.notify_one();
        }
    }
    if (obstacle) fail_request(*write, *obstacle);
}

void database_thread::push_read(std::shared_ptr<pending_read> read) {
    std::optional<unavailable> obstacle;
    watchdog_.watch(read);
    {
        const std::lock_guard held(lock_);
        obstacle = find_obstacle();
        if (!obstacle) {
            is_urgent_ = true;
            reads_.push_back(read);
            if (wake_at_ != 0) woken_.notify_one();
        }
    }
    if (obstacle) fail_request(*read, *obstacle);
}

void database_thread::run() {
    ::pthread_setname_np(::pthread_self(), options_.recovers ? "ledger" : "ledger-reader");
    do {
        if (!store_->is_open() || !has_recovered_) try_to_open();
        if (!is_open_) continue;
        serve_reads();
        if (!batch_.empty()) write_batch();
        maintain();
    } while (collect());
    if (is_open_ && !batch_.empty()) write_batch();
    fail_waiting({trouble::overloaded, "the gateway is stopping"}, true);
}

void database_thread::try_to_open() {
    if (clock::now() < next_try_) return;
    const busy_mark busy(busy_since_);
    next_try_ = clock::now() + pause_;
    pause_ = std::min<std::chrono::milliseconds>(2 * pause_, max_pause);
    if (const auto problem = store_->open()) return set_trouble(*problem);
    if (!has_recovered_) recover();
    if (!has_recovered_) return;
    const std::lock_guard held(lock_);
    is_open_ = was_opened_ = true;  // what troubled it is over when it has taken a write
}

void database_thread::recover() {
    std::vector<std::string> recovered;
    if (options_.recovers) {
        const any_write write = writes::recover{now()};
        std::vector<any_result> results;
        if (const auto failed = store_->commit({&write, 1}, results)) return set_trouble(failed->cause);
        recovered = std::get<writes::recover::result>(std::move(results.front())).value();
        for (const std::string& id : recovered)
            spdlog::warn("ledger: a change was being sent when its process ended, and is unknown now: change_id={}",
                         id);
    }
    options_.on_first_open(std::move(recovered));
    has_recovered_ = true;
}

// Waits for something to do, and takes it. False when the thread has to end, with what is left in batch_.
bool database_thread::collect() {
    std::unique_lock held(lock_);
    if (!stop_ && (!is_urgent_ || !is_open_)) {
        auto until = is_open_ ? clock::now() + tick : std::max(next_try_, clock::now() + 1ms);
        if (is_open_ && options_.keep) until = std::min(until, std::max(next_forget_, clock::now() + 1ms));
        wake_at_ = 1;
        woken_.wait_until(held, until, [&] { return stop_ || (is_urgent_ && is_open_); });
        wake_at_ = 0;
    }
    wait_for_others(held);
    const bool goes_on = !stop_ || (is_open_ && (writes_.size() > options_.max_batch || !reads_.empty()));
    if (!is_open_) return goes_on;
    const auto count = std::min(writes_.size(), options_.max_batch);
    const auto end = writes_.begin() + static_cast<std::ptrdiff_t>(count);
    batch_.insert(batch_.end(), std::make_move_iterator(writes_.begin()), std::make_move_iterator(end));
    writes_.erase(writes_.begin(), end);
    read_batch_.assign(std::make_move_iterator(reads_.begin()), std::make_move_iterator(reads_.end()));
    reads_.clear();
    is_urgent_ = !writes_.empty();
    return goes_on;
}

// Callers that were answered together come back together: a commit that waits a moment for the last of them carries
// all, where one that starts with the first makes the others wait for a second one.
void database_thread::wait_for_others(std::unique_lock<std::mutex>& held) {
    if (stop_ || !is_open_ || !is_urgent_ || writes_.empty()) return;
    const auto wanted = std::min(last_batch_, options_.max_batch);
    if (writes_.size() >= wanted) return;
    wake_at_ = wanted;
    woken_.wait_for(held, std::min<clock::duration>(last_commit_ / 8, 1ms),
                    [&] { return stop_ || !reads_.empty() || writes_.size() >= wanted; });
    wake_at_ = 0;
}

void database_thread::serve_reads() {
    if (read_batch_.empty()) return;
    const busy_mark busy(busy_since_);
    for (const auto& each : read_batch_) {
        if (!each->is_claimed()) each->run(*store_);
    }
    read_batch_.clear();
}

void database_thread::write_batch() {
    // Whose caller has gone is dropped, before anything of it is durable.
    std::erase_if(batch_, [](const auto& each) { return each->is_claimed() && !each->outlives_deadline(); });
    std::vector<any_write> writes;
    writes.reserve(batch_.size());
    for (const auto& each : batch_)
        writes.push_back(std::move(each->write));
    if (writes.empty()) return;
    std::vector<any_result> results;
    const auto began = clock::now();
    const auto failure = [&] {
        const busy_mark busy(busy_since_);
        return store_->commit(writes, results);
    }();
    last_commit_ = clock::now() - began;
    last_batch_ = writes.size();
    if (failure) return take_back(writes, *failure);
    count_commit(last_commit_, results);
    pause_ = min_pause;
    clear_trouble();
    give_results(writes, results);
}

void database_thread::give_results(std::vector<any_write>& writes, std::vector<any_result>& results) {
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        if (batch_[i]->claim()) {
            batch_[i]->finish(std::move(results[i]));
            continue;
        }
        // Its caller was told that nothing is sent, and now it is recorded.
        const auto* result = std::get_if<record_result>(&results[i]);
        if (result != nullptr && std::holds_alternative<recorded>(*result))
            enqueue_settled_as_not_sent(std::move(std::get<writes::record>(writes[i]).request));
    }
    batch_.clear();
}

// After a failed commit: writes that outlive their deadline stay, all others fail.
void database_thread::take_back(std::vector<any_write>& writes, const commit_failure& failure) {
    set_trouble(failure.cause);
    std::deque<std::shared_ptr<pending_write>> kept;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        batch_[i]->write = std::move(writes[i]);
        if (batch_[i]->outlives_deadline()) {
            kept.push_back(batch_[i]);
            continue;
        }
        if (auto* record = std::get_if<writes::record>(&batch_[i]->write); record != nullptr && failure.in_doubt)
            enqueue_settled_as_not_sent(record->request);
        fail_request(*batch_[i], failure.cause);
    }
    batch_.clear();
    const std::lock_guard held(lock_);
    writes_.insert(writes_.begin(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
    is_urgent_ = is_urgent_ || !writes_.empty();
}

void database_thread::enqueue_settled_as_not_sent(change_request request) {
    writes::not_sent write{std::move(request), "the ledger did not answer in time", now()};
    auto entry = std::make_shared<pending_write_of<writes::not_sent>>(std::move(write), clock::time_point::max(),
                                                                      completion<writes::not_sent::result>());
    const std::lock_guard held(lock_);
    writes_.push_back(std::move(entry));
    is_urgent_ = true;
}

void database_thread::maintain() {
    if (!store_->is_open()) return;
    const busy_mark busy(busy_since_);
    if (const auto problem = store_->maintain()) return set_trouble(*problem);
    if (!status().is_up) {
        // Whether it would take a write again; without one nobody would come to know.
        std::vector<any_result> none;
        if (const auto failed = store_->commit({}, none)) return set_trouble(failed->cause);
        clear_trouble();
    }
    if (options_.keep && clock::now() >= next_forget_) forget_old();
}

void database_thread::forget_old() {
    const any_write write = writes::forget{now() - *options_.keep, forget_at_once};
    std::vector<any_result> results;
    if (const auto failed = store_->commit({&write, 1}, results)) return set_trouble(failed->cause);
    const std::size_t gone = std::get<writes::forget::result>(results.front()).value();
    next_forget_ = clock::now() + (gone == forget_at_once ? forget_pause : forget_rest);
}

// Logs it once, and a trouble that comes and goes once in `silence`. From both threads.
void database_thread::log_trouble(const unavailable& cause) {
    const std::lock_guard held(lock_);
    const bool is_news = (!trouble_ || trouble_->kind != cause.kind) &&
                         (last_said_ != cause.kind || clock::now() - last_said_at_ >= silence);
    trouble_ = cause;
    if (!is_news || !options_.logs_trouble) return;
    last_said_ = cause.kind;
    last_said_at_ = clock::now();
    was_said_ = true;
    spdlog::error("ledger: changes are refused until it works again, queries go on: error={}", cause.reason);
}

void database_thread::set_trouble(const unavailable& cause) {
    log_trouble(cause);
    if (!store_->is_open()) fail_waiting(cause, false);
}

// Fails the requests that wait, but those that outlive their deadline (unless `all`).
void database_thread::fail_waiting(const unavailable& cause, bool all) {
    std::deque<std::shared_ptr<pending_write>> writes;
    std::deque<std::shared_ptr<pending_read>> reads;
    {
        const std::lock_guard held(lock_);
        is_open_ = false;
        const auto waits_on = [&](const auto& each) { return !all && each->outlives_deadline(); };
        const auto dropped = std::stable_partition(writes_.begin(), writes_.end(), waits_on);
        writes.assign(std::make_move_iterator(dropped), std::make_move_iterator(writes_.end()));
        writes_.erase(dropped, writes_.end());
        reads.swap(reads_);
    }
    for (const auto& each : writes)
        fail_request(*each, cause);
    for (const auto& each : reads)
        fail_request(*each, cause);
}

void database_thread::clear_trouble() {
    const std::lock_guard held(lock_);
    trouble_.reset();
    if (std::exchange(was_said_, false)) spdlog::info("ledger: works again: ledger={}", name_);
}

void database_thread::count_commit(clock::duration took, const std::vector<any_result>& results) {
    const double seconds = std::chrono::duration<double>(took).count();
    const auto bound = std::ranges::lower_bound(database_figures::bounds, seconds);
    const std::lock_guard held(lock_);
    ++figures_.commits;
    figures_.rows += results.size();
    figures_.commit_seconds += seconds;
    ++figures_.commit_times.at(static_cast<std::size_t>(bound - database_figures::bounds.begin()));
    for (const any_result& each : results) {
        const auto* result = std::get_if<outcome<moved>>(&each);
        if (result == nullptr || !*result) continue;
        const moved& change = **result;
        if (change.result == moved::fate::contradicted) ++figures_.contradicted;
        if (change.end) ++figures_.ends[{change.end->operation, change.end->account, change.current}];
    }
}

}  // namespace gateway::ledger
