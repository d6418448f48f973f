#pragma once
// The event loop of one thread: which of its connections can be read and written, whose time is up, and what other
// threads have posted.
//
// Asio has the coroutines and the queue of what is posted, but not the sockets: its reactor does not ask epoll for
// EPOLLRDHUP, so that it can't know a short read for the last one and tries each read once in vain; a wait without a
// read costs it an epoll_ctl; and a kept connection has to be looked at before it is used again. Here epoll is told of
// a connection once, and what it says is remembered until it is used up (bench/NOTES.md has the figures).

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
    // Runs `what` on the loop's thread; from any thread.
    template <class Function>
    void post(Function&& what) {
        asio::post(queue_, std::forward<Function>(what));
        wake();
    }
    // On the loop's thread, or before it runs: resumes the coroutine that waits there, if any, a little later.
    void post_resume(waiter& suspended) {
        suspended.resume_on([this](resume_handler handler) {
            asio::post(queue_, std::move(handler));
            queued_ = true;
        });
    }
    // Likewise: begins a coroutine. `at_end(std::exception_ptr)` learns what it threw; it does not throw itself.
    template <class Function>
    void spawn(task<> what, Function at_end) {
        ++coroutines_;
        queued_ = true;
        asio::co_spawn(queue_, see_to_its_end(std::move(what), std::move(at_end)), asio::detached);
    }

    // An iteration serves all connections that were ready when it began. Whoever is about to write waits for its end
    // while others are still to be served: then all write in one go, and a peer that sleeps on another core is woken
    // once for many. To wake it is the dearest part of a write.
    [[nodiscard]] bool is_end_of_iteration() const noexcept { return ready_next_ + 1 >= ready_count_; }
    [[nodiscard]] task<> end_of_iteration() {
        return suspend([this](resume_handler handler) { at_end_.push_back(std::move(handler)); });
    }

private:
    friend class watch;
    template <class Function>
    task<> see_to_its_end(task<> what, Function at_end) {
        std::exception_ptr unforeseen;
        try {
            co_await std::move(what);
        } catch (...) {
            unforeseen = std::current_exception();
        }
        at_end(unforeseen);
        --coroutines_;
        queued_ = true;  // co_spawn() has a last step there
    }

    void serve();
    void iterate();
    void wake() noexcept;

    deadlines times_;
    unique_fd epoll_, woken_;
    std::array<epoll_event, 256> ready_;
    int ready_count_ = 0, ready_next_ = 0;
    std::vector<resume_handler> at_end_;  // of this iteration
    std::size_t coroutines_ = 0;
    bool finishing_ = false;
    bool queued_ = true;  // something may be in the queue
    std::atomic<bool> stopped_{false};
    // The last members: what is left in it uses the others. UNSAFE_IO: one thread runs it, yet others may post.
    asio::io_context queue_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    asio::executor_work_guard<executor> open_{queue_.get_executor()};
};

// Whether one descriptor can be read and written, as epoll has told, edge by edge. Used on its loop's thread.
class watch {
public:
    explicit watch(loop& in) noexcept : in_(in) {}
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch() { end(); }

    // `descriptor` stays the caller's, who calls end() before closing it (epoll(7) would go on watching it where a
    // duplicate stays open). On failure nothing is watched.
    [[nodiscard]] error_code begin(int descriptor) noexcept;
    void end() noexcept;  // and what waits goes on

    // Until epoll tells something of that direction, or cancel(), which tells so afterwards, once. (What is readable
    // already is told in the next iteration: others have theirs first.)
    [[nodiscard]] task<> until_readable() {
        if (readable) tell_again();
        return reader_.wait();
    }
    [[nodiscard]] task<> until_writable() { return writer_.wait(); }
    [[nodiscard]] bool reader_cancelled() noexcept { return std::exchange(reader_cancelled_, false); }
    [[nodiscard]] bool writer_cancelled() noexcept { return std::exchange(writer_cancelled_, false); }
    void cancel() noexcept;

    // What may be tried: cleared by whoever finds nothing more to read, or no room to write to.
    bool readable = false, writable = false;
    bool hung_up = false;            // the peer sends no more, so a short read is not the last one
    bool reads_when_either = false;  // a reader may wait for room to write (TLS)

private:
    friend class loop;
    void tell(std::uint32_t events) noexcept;
    void tell_again() noexcept;

    loop& in_;
    int descriptor_ = -1;
    waiter reader_, writer_;
    bool reader_cancelled_ = false, writer_cancelled_ = false;
};

}  // namespace gateway::net
