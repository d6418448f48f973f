#include "gateway/outcome/outcome_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "gateway/base/unique_fd.hpp"

namespace gateway::outcome {

namespace {

using namespace std::chrono_literals;

// After each batch the writer rests, so that a busy gateway pays one write for many lines, and no wake-up for each.
// Lines of so long are lost when the process is killed (SIGKILL); a rest of 3 ms costs 1 % more for a call.
constexpr auto rest = 10ms;
constexpr auto retry_pause = 100ms;
constexpr std::size_t max_kept = 1024 * 1024;  // bytes of lines that are written, and room for the next

class file_sink : public sink {
public:
    explicit file_sink(std::string path) : path_(std::move(path)) {
        std::string reason;
        file_ = open(reason);
        if (!file_) throw std::runtime_error("cannot open the outcome log " + path_ + ": " + reason);
    }

    std::size_t write(std::string_view bytes) override {
        const auto taken = ::write(file_.get(), bytes.data(), bytes.size());
        return taken < 0 ? 0 : static_cast<std::size_t>(taken);
    }

    void reopen() override {
        std::string reason;
        unique_fd fresh = open(reason);
        if (!fresh) {
            spdlog::error("outcomes: cannot open the file anew, the old one stays in use: file={} error={}", path_,
                          reason);
            return;
        }
        file_ = std::move(fresh);
    }

private:
    // None when it can't be, or is not what can be written to without anybody at its other end.
    [[nodiscard]] unique_fd open(std::string& reason) const {
        // O_NONBLOCK: to open a FIFO waits until somebody reads it, and this is the thread that answers signals.
        constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        unique_fd file(::open(path_.c_str(), flags, 0640));
        if (!file) reason = std::generic_category().message(errno);
        struct stat status {};
        const bool has_status = (!file ? ::stat(path_.c_str(), &status) : ::fstat(file.get(), &status)) == 0;
        if (has_status && !S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) {
            reason = "it is no regular file; name a file, or stdout for a program that reads a pipe";
            return {};
        }
        if (file) ::fcntl(file.get(), F_SETFL, ::fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);  // a terminal may be slow
        return file;
    }

    std::string path_;
    unique_fd file_;
};

class stdout_sink : public sink {
public:
    std::size_t write(std::string_view bytes) override {
        const auto taken = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (taken >= 0) return static_cast<std::size_t>(taken);
        if (errno == EAGAIN) {  // somebody made the pipe non-blocking: wait for it as a blocking one would
            pollfd wait{STDOUT_FILENO, POLLOUT, 0};
            ::poll(&wait, 1, static_cast<int>(retry_pause.count()));
            errno = EAGAIN;
        }
        return 0;
    }
};

}  // namespace

std::unique_ptr<sink> open_sink(const std::string& target) {
    if (target == "stdout") return std::make_unique<stdout_sink>();
    return std::make_unique<file_sink>(target);
}

void line_buffer::write(const record& call) {
    const bool gathered =
        call.decided == decision::rejected && log_.rejected_.gather(call, std::chrono::steady_clock::now());
    if (gathered) return;  // the writer looks every second
    {
        const std::lock_guard held(lock_);
        append_line(pending_, call);
        ++pending_lines_;
        pending_bytes_.store(pending_.size(), std::memory_order_relaxed);
    }
    if (log_.asleep_.load()) log_.wake();
}

void line_buffer::write_line(std::string_view line) {
    {
        const std::lock_guard held(lock_);
        pending_ += line;
        ++pending_lines_;
        pending_bytes_.store(pending_.size(), std::memory_order_relaxed);
    }
    if (log_.asleep_.load()) log_.wake();
}

outcome_log::outcome_log(std::unique_ptr<outcome::sink> sink) : sink_(std::move(sink)), writer_([this] { run(); }) {}

outcome_log::~outcome_log() {
    {
        const std::lock_guard held(lock_);
        stop_ = true;
    }
    woken_.notify_one();
    writer_.join();
}

line_buffer& outcome_log::new_buffer() {
    const std::lock_guard held(lock_);
    return buffers_.emplace_back(*this);
}

void outcome_log::replace(std::unique_ptr<outcome::sink> sink) {
    const std::lock_guard held(lock_);
    next_sink_ = std::move(sink);
}

std::size_t outcome_log::waiting() const {
    const std::lock_guard held(lock_);
    std::size_t sum = batch_.size() - batch_done_;
    for (const line_buffer& each : buffers_)
        sum += each.pending_bytes_.load(std::memory_order_relaxed);
    return sum;
}

std::string outcome_log::last_as_json_members() const {
    const std::lock_guard held(lock_);
    return last_.as_json_members(batch_);
}

std::string outcome_log::trouble() const {
    const std::lock_guard held(lock_);
    return trouble_;
}

bool outcome_log::is_full() const {
    const std::lock_guard held(lock_);
    return std::any_of(buffers_.begin(), buffers_.end(), [](const line_buffer& each) { return !each.has_room(); });
}

void outcome_log::wake() {
    const std::lock_guard held(lock_);  // the writer is either before its last look, or truly asleep
    woken_.notify_one();
}

bool outcome_log::flush(std::chrono::milliseconds timeout) {
    rejected_.end_second();
    std::unique_lock held(lock_);
    const auto all_written = [&] {
        if (batch_done_ < batch_.size() || !rejected_.is_empty()) return false;
        for (const line_buffer& p : buffers_) {
            if (p.pending_bytes_.load() > 0) return false;
        }
        return true;
    };
    return idle_.wait_for(held, timeout, all_written);
}

// Takes the lines of all buffers into the batch. False when there is nothing: the batch is left as it was written then.
bool outcome_log::collect() {
    std::size_t lines = 0;
    for (line_buffer& p : buffers_) {
        const std::lock_guard held(p.lock_);
        lines += p.pending_lines_;
    }
    const auto now = std::chrono::steady_clock::now();
    if (stop_) rejected_.end_second();
    if (lines == 0 && !rejected_.is_due(now)) return false;
    if (batch_.capacity() > max_kept) shrink_batch();
    // Under load nobody can ask for what was written before: that leaves two pieces of memory to take turns (with one
    // worker), and to stay in the cache.
    if (lines < recent::max_lines) last_.take(batch_, batch_lines_);
    batch_.clear();
    batch_lines_ = 0;
    batch_done_ = 0;
    for (line_buffer& p : buffers_) {
        const std::lock_guard held(p.lock_);
        if (p.pending_.empty()) continue;
        if (batch_.empty()) {
            batch_.swap(p.pending_);  // no copy for a single busy worker, and both keep their memory
        } else {
            batch_ += p.pending_;
            p.pending_.clear();
        }
        batch_lines_ += std::exchange(p.pending_lines_, 0);
        p.pending_bytes_.store(0, std::memory_order_relaxed);
    }
    batch_lines_ += rejected_.append_due(batch_, now);
    return true;
}

// Gives back the memory that a stalled log took. The last lines stay: last_as_json_members().
void outcome_log::shrink_batch() {
    std::size_t start = batch_.size();
    std::size_t lines = 0;
    for (; lines < std::min(batch_lines_, recent::max_lines); ++lines)
        start = start < 2 ? 0 : batch_.rfind('\n', start - 2) + 1;
    batch_ = batch_.substr(start);
    batch_lines_ = lines;
    batch_done_ = batch_.size();
}

// Writes the batch to its end, however long the sink takes; gives up only when the log ends.
void outcome_log::write_batch(std::unique_lock<std::mutex>& held) {
    while (batch_done_ < batch_.size()) {
        held.unlock();
        const auto taken = sink_->write(std::string_view(batch_).substr(batch_done_));
        const int error = errno;
        held.lock();
        batch_done_ += taken;
        if (taken > 0) {
            if (!trouble_.empty()) spdlog::info("outcomes: the log takes lines again");
            trouble_.clear();
            continue;
        }
        if (error == EINTR) continue;
        if (trouble_.empty() && error != EAGAIN) {
            trouble_ = std::generic_category().message(error);
            spdlog::error(
                "outcomes: the log takes no lines, they wait in memory; new calls will wait too once {} MiB of "
                "them do: error={}",
                max_pending >> 20, trouble_);
        }
        if (stop_) return;
        woken_.wait_for(held, retry_pause, [&] { return stop_; });
        exchange_sink();
    }
}

// Between two writes. A line of which the old sink took a part is whole in the new one.
void outcome_log::exchange_sink() {
    if (next_sink_) {
        sink_ = std::move(next_sink_);
        batch_done_ = batch_done_ == 0 ? 0 : batch_.rfind('\n', batch_done_ - 1) + 1;
    }
    if (reopen_.exchange(false)) sink_->reopen();
}

void outcome_log::run() {
    std::unique_lock held(lock_);
    for (;;) {
        exchange_sink();
        if (collect()) {
            write_batch(held);
            idle_.notify_all();
            if (stop_) continue;  // without the rest: what came meanwhile is taken at once
            woken_.wait_for(held, rest, [&] { return stop_; });
            continue;
        }
        if (stop_) return;
        if (batch_.capacity() > max_kept) shrink_batch();
        asleep_.store(true);
        if (!collect())
            woken_.wait_for(held, 1s);  // a time-out only so that reopen() and replace() need no wake-up
        else
            write_batch(held);
        asleep_.store(false);
        idle_.notify_all();
    }
}

}  // namespace gateway::outcome
