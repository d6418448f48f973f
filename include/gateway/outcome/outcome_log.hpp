#pragma once
// Writes outcome lines on a thread of its own: no worker waits for a disk, and no line is dropped.
// (Not an spdlog sink: its asynchronous logger either blocks the worker or drops lines when its queue is full, and its
// file sink can't tell how much of a line a full disk took, so a second try would tear or double lines.)
//
// Each worker appends to a line buffer of its own (a lock that only the writer ever shares, some hundreds of times a
// second); the writer takes whole buffers and writes them in one go. When the sink can't keep up (a full disk, a
// stalled pipe), buffers grow to `max_pending` and then has_room() says no: connections stop reading new calls until
// there is room again, while calls under way finish and are recorded. So memory is bounded by max_pending and one line
// for each call under way, and what can't be recorded is not begun.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/outcome/recent.hpp"
#include "gateway/outcome/record.hpp"
#include "gateway/outcome/rejected_lines.hpp"

namespace gateway::outcome {

inline constexpr std::size_t max_pending = 16 * 1024 * 1024;  // bytes of lines that wait, for each worker

class outcome_log;

// One worker's lines that are not written yet. Used by that worker only, and by the log's thread.
class line_buffer {
public:
    explicit line_buffer(outcome_log& log) : log_(log) {}
    void write(const record& call);
    // A whole line with its end, of something that is no call.
    void write_line(std::string_view line);
    [[nodiscard]] bool has_room() const noexcept {
        return pending_bytes_.load(std::memory_order_relaxed) < max_pending;
    }

private:
    friend class outcome_log;
    outcome_log& log_;
    std::mutex lock_;
    std::string pending_;
    std::size_t pending_lines_ = 0;
    std::atomic<std::size_t> pending_bytes_{0};
};

// Writes bytes durably, or fails with a reason. An interface because there are two: a file (or stdout)
// and, in tests, a disk that is full.
class sink {
public:
    virtual ~sink() = default;
    // How many of the bytes were taken; fewer than given with errno telling why.
    virtual std::size_t write(std::string_view bytes) = 0;
    virtual void reopen() {}
};

// "stdout" or a path of a regular file or a character device, which is opened for appending (created with mode 0640).
// A FIFO or a socket is refused: to open it could wait for ever, and so could each write. Throws std::runtime_error.
[[nodiscard]] std::unique_ptr<sink> open_sink(const std::string& target);

class outcome_log {
public:
    explicit outcome_log(std::unique_ptr<outcome::sink> sink);
    // Ends the thread. Lines that the sink did not take by then are lost: call flush() first, and check its result.
    ~outcome_log();

    // A worker's buffer, which lives as long as the log.
    [[nodiscard]] line_buffer& new_buffer();

    // Opens the file anew, so that a rotated one can go (SIGHUP).
    void reopen() noexcept { reopen_.store(true); }
    // Exchanges the sink: `log.outcomes` has changed in the configuration. Lines that the old one does not take go
    // to the new one.
    void replace(std::unique_ptr<outcome::sink> sink);

    // Waits until all that was written so far is in the sink, at most that long. False when it is not.
    [[nodiscard]] bool flush(std::chrono::milliseconds timeout);

    // Bytes of lines that no sink has taken yet. From any thread.
    [[nodiscard]] std::size_t waiting() const;

    // The last lines, those that wait for the sink among them.
    [[nodiscard]] std::string last_as_json_members() const;

    // Lines that the sink refuses just now: why, or empty.
    [[nodiscard]] std::string trouble() const;
    // Some buffer has no room, so that calls of its worker wait or are refused. From any thread.
    [[nodiscard]] bool is_full() const;

private:
    friend class line_buffer;
    void run();
    bool collect();
    void write_batch(std::unique_lock<std::mutex>& held);
    void exchange_sink();
    void shrink_batch();
    void wake();

    std::unique_ptr<sink> sink_;
    std::unique_ptr<sink> next_sink_;
    std::atomic<bool> reopen_{false};
    std::atomic<bool> asleep_{false};
    mutable std::mutex lock_;  // of pages_, next_sink_, stop_, trouble_
    std::condition_variable woken_, idle_;
    std::deque<line_buffer> buffers_;
    bool stop_ = false;
    std::string trouble_;
    std::string batch_;  // the writer's own; changed under the lock, and read outside it by the writer alone
    std::size_t batch_lines_ = 0;
    std::size_t batch_done_ = 0;
    recent last_;
    rejected_lines rejected_;
    std::thread writer_;
};

}  // namespace gateway::outcome
