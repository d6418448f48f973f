#include "gateway/net/loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/version.hpp>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>

namespace gateway::net {

// Not all that the loop depends on is documented. Of a new version of Boost look at these, run tests/unit/net and
// bench/instructions.py, then add it here:
// - a coroutine's frames come from memory that Asio keeps for the thread, if the thread is within io_context::run()
//   (detail/thread_info_base.hpp): run() below, and BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE in
//   cmake/dependencies.cmake;
// - io_context::poll() within a handler of another io_context;
// - async_result<use_awaitable_t<…>>::handler_type can be kept, called later, or destroyed with the coroutine's frames
//   (impl/use_awaitable.hpp): waiter.hpp;
// - co_spawn() posts a last step after the coroutine's end (impl/co_spawn.hpp): run_to_end();
// - BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO leaves post() safe from other threads (detail/concurrency_hint.hpp).
static_assert(BOOST_VERSION == 108100 || BOOST_VERSION == 108300,
              "the event loop was tried with Boost 1.81 and 1.83 only: src/net/loop.cpp says what to look at");

namespace {

[[noreturn]] void fail(const char* function_name) {
    throw std::system_error(errno, std::system_category(), function_name);
}

constexpr std::uint32_t all_edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

loop::loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!epoll_) fail("epoll_create1");
    if (!wake_fd_) fail("eventfd");
    epoll_event event{.events = EPOLLIN, .data = {.ptr = this}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event) != 0) fail("epoll_ctl");
}

loop::~loop() {
    times_.expire_now();  // what still waits is in the queue now, which destroys it
    end_handlers_.clear();
}

void loop::stop() noexcept {
    stopped_.store(true);
    wake();
}

void loop::wake() noexcept {
    // What is posted before the loop has woken is found with the rest: a batch of the ledger's results wakes it once.
    if (waking_.exchange(true)) return;
    const std::uint64_t one = 1;
    // Fails only when 2^64 - 1 wakings were not seen yet.
    static_cast<void>(::write(wake_fd_.get(), &one, sizeof one) == sizeof one);
}

// From within a loop of Asio's, since only there a thread has the memory that Asio keeps of coroutine frames for the
// next ones. Of another one than the queue's: it counts its work wrongly when it is polled from within itself for long.
void loop::run() {
    asio::io_context memory{1};
    asio::post(memory, [this] { serve(); });
    memory.run();
}

void loop::serve() {
    for (;;) {
        if (std::exchange(queued_, false)) queue_.poll();
        if (stopped_.load(std::memory_order_relaxed) || (finishing_ && coroutines_ == 0)) break;
        iterate();
    }
}

// Sleeps until something is ready or due, and resumes it.
void loop::iterate() {
    const auto left = times_.left();
    const int timeout = left == milliseconds::max()
                            ? -1
                            : static_cast<int>(std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max()));
    ready_next_ = 0;
    ready_count_ = ::epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), timeout);
    // A resumed coroutine may end any watch, which removes itself from the list.
    for (; ready_next_ < ready_count_; ++ready_next_) {
        const epoll_event& event = ready_[static_cast<std::size_t>(ready_next_)];
        if (event.data.ptr == nullptr) continue;
        if (event.data.ptr == this) {
            std::uint64_t count = 0;
            static_cast<void>(::read(wake_fd_.get(), &count, sizeof count) == sizeof count);
            waking_.exchange(false);  // before the queue is looked at
            queued_ = true;
            continue;
        }
        auto& target = *static_cast<watch*>(event.data.ptr);
        target.on_events(event.events);
        if (target.reader_.is_waiting() && (target.readable || target.wakes_reader_when_writable))
            target.reader_.resume();
        if (event.data.ptr != nullptr && target.writable && target.writer_.is_waiting()) target.writer_.resume();
    }
    ready_count_ = std::max(ready_count_, 0);
    for (std::size_t i = 0; i < end_handlers_.size(); ++i) {  // a resumed coroutine may add to it
        auto handler = std::move(end_handlers_[i]);
        std::move(handler)();
    }
    end_handlers_.clear();
    times_.expire_due(ready_count_ == 0);
}

error_code watch::begin(int descriptor) noexcept {
    epoll_event wanted{.events = all_edges, .data = {.ptr = this}};
    if (::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_ADD, descriptor, &wanted) != 0)
        return {errno, boost::system::system_category()};
    descriptor_ = descriptor;
    return {};
}

void watch::end() noexcept {
    if (descriptor_ < 0) return;
    ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, std::exchange(descriptor_, -1), nullptr);
    for (int i = loop_.ready_next_; i < loop_.ready_count_; ++i) {
        auto& event = loop_.ready_[static_cast<std::size_t>(i)];
        if (event.data.ptr == this) event.data.ptr = nullptr;
    }
    cancel();
    readable = writable = hung_up = false;
}

void watch::cancel() noexcept {
    reader_cancelled_ = reader_cancelled_ || reader_.is_waiting();
    writer_cancelled_ = writer_cancelled_ || writer_.is_waiting();
    loop_.post_resume(reader_);
    loop_.post_resume(writer_);
}

// epoll(7) reports an edge once; EPOLL_CTL_MOD makes it report the present state.
void watch::rearm() noexcept {
    readable = false;
    epoll_event wanted{.events = all_edges, .data = {.ptr = this}};
    ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_MOD, descriptor_, &wanted);  // fails only for what is not watched
}

void watch::on_events(std::uint32_t events) noexcept {
    constexpr std::uint32_t broken = EPOLLERR | EPOLLHUP;
    if ((events & (EPOLLIN | EPOLLRDHUP | broken)) != 0) readable = true;
    if ((events & (EPOLLOUT | broken)) != 0) writable = true;
    if ((events & (EPOLLRDHUP | broken)) != 0) hung_up = true;
}

}  // namespace gateway::net
