#pragma once
// The event loop of one thread: it resumes coroutines whose connection can be read or written or whose deadline has
// expired, and runs what other threads have posted.
//
// Asio has the coroutines and the queue of what is posted, but not the sockets: its reactor does not ask epoll for
// EPOLLRDHUP, so that it can't know a short read for the last one and tries each read once in vain; a wait without a
// read costs it an epoll_ctl; and a kept connection has to be looked at before it is used again. Here a connection is
// registered with epoll once, and each event is remembered until it is consumed (bench/NOTES.md has the figures).

#include <sys/epoll.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "gateway/base/unique_fd.hpp"
#include "gateway/net/deadlines.hpp"
#include "gateway/net/task.hpp"
#include "gateway/net/waiter.hpp"

namespace gateway::net {

using boost::system::error_code;

class watch;

class loop {
public:
    loop();  // throws std::system_error when the system has no more descriptors
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;
    ~loop();

    [[nodiscard]] deadlines& times() noexcept { return times_; }

    // Serves until finish() was called and the last coroutine has ended, or until stop().
    void run();
    void finish() noexcept { finishing_ = true; }  // on its own thread
    void stop() noexcept;                          // from any thread

    // These are the only ways into the queue, which is looked at when one was taken.
    // Runs `function` on the loop's thread; from any thread.
    template <class Function>
    void post(Function&& function) {
        asio::post(queue_, std::forward<Function>(function));
        wake();
    }
    // On the loop's thread, or before it runs: resumes the coroutine that waits there, if any, a little later.
    void post_resume(waiter& suspended) {
        suspended.resume_on([this](resume_handler handler) {
            asio::post(queue_, std::move(handler));
            queued_ = true;
        });
    }
    // Likewise: begins a coroutine. `on_end(std::exception_ptr)` gets what it threw, and does not throw.
    template <class Function>
    void spawn(task<> coroutine, Function on_end) {
        ++coroutines_;
        queued_ = true;
        asio::co_spawn(queue_, run_to_end(std::move(coroutine), std::move(on_end)), asio::detached);
    }

    // An iteration serves all connections that were ready when it began. Whoever is about to write waits for its end
    // while others are still to be served: then all write in one go, and a peer that sleeps on another core is woken
    // once for many. To wake it is the most expensive part of a write.
    [[nodiscard]] bool is_end_of_iteration() const noexcept { return ready_next_ + 1 >= ready_count_; }
    [[nodiscard]] task<> end_of_iteration() {
        return suspend([this](resume_handler handler) { end_handlers_.push_back(std::move(handler)); });
    }

private:
    friend class watch;
    template <class Function>
    task<> run_to_end(task<> coroutine, Function on_end) {
        std::exception_ptr exception;
        try {
            co_await std::move(coroutine);
        } catch (...) {
            exception = std::current_exception();
        }
        on_end(exception);
        --coroutines_;
        queued_ = true;  // co_spawn() has a last step there
    }

    void serve();
    void iterate();
    void wake() noexcept;

    deadlines times_;
    unique_fd epoll_, wake_fd_;
    std::array<epoll_event, 256> ready_;
    int ready_count_ = 0, ready_next_ = 0;
    std::vector<resume_handler> end_handlers_;  // of this iteration
    std::size_t coroutines_ = 0;
    bool finishing_ = false;
    bool queued_ = true;  // something may be in the queue
    std::atomic<bool> stopped_{false};
    std::atomic<bool> waking_{false};  // wake() was called, and its event is not read yet
    // The last members: what is left in it uses the others. UNSAFE_IO: one thread runs it, yet others may post.
    asio::io_context queue_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    asio::executor_work_guard<executor> work_guard_{queue_.get_executor()};
};

// Whether one descriptor can be read and written, as epoll reports it, edge-triggered. Used on its loop's thread.
class watch {
public:
    explicit watch(loop& owner) noexcept : loop_(owner) {}
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch() { end(); }

    // `descriptor` stays the caller's, who calls end() before closing it (epoll(7) would go on watching it where a
    // duplicate stays open). On failure nothing is watched.
    [[nodiscard]] error_code begin(int descriptor) noexcept;
    void end() noexcept;  // and resumes what waits

    // Until epoll reports an event of that direction, or cancel(), after which reader_cancelled() or writer_cancelled()
    // is true once. (A descriptor that is readable already is reported in the next iteration: others are served first.)
    [[nodiscard]] task<> wait_readable() {
        if (readable) rearm();
        return reader_.wait();
    }
    [[nodiscard]] task<> wait_writable() { return writer_.wait(); }
    [[nodiscard]] bool reader_cancelled() noexcept { return std::exchange(reader_cancelled_, false); }
    [[nodiscard]] bool writer_cancelled() noexcept { return std::exchange(writer_cancelled_, false); }
    void cancel() noexcept;

    // Whether a try may succeed: cleared when it finds nothing more to read, or no space to write to.
    bool readable = false, writable = false;
    bool hung_up = false;                     // the peer sends no more, so a short read is not the last one
    bool wakes_reader_when_writable = false;  // a reader may wait for space to write (TLS)

private:
    friend class loop;
    void on_events(std::uint32_t events) noexcept;
    void rearm() noexcept;

    loop& loop_;
    int descriptor_ = -1;
    waiter reader_, writer_;
    bool reader_cancelled_ = false, writer_cancelled_ = false;
};

}  // namespace gateway::net
