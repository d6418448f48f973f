#include "worker.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace gateway::runtime {

namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// After the drain's end, how long calls that are cut off have to come to their end. A name look-up, which can't be
// cancelled, takes the longest.
constexpr auto unwinding = 6s;

http::service service_of(const config::settings& settings) {
    return {.limits = settings.limits, .timeouts = settings.timeouts, .spare = {}};
}

}  // namespace

// UNSAFE_IO: one thread runs this loop, so sockets need no lock; posting from other threads and name look-ups still
// work, which plain UNSAFE breaks.
worker::worker(outcome::page& records, credentials::supplier& supplier, std::shared_ptr<const pipeline::snapshot> first,
               std::atomic<std::size_t>& connections, std::atomic<std::size_t>& cloud_connections)
    : loop_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(loop_.get_executor()),
      times_(loop_.get_executor()),
      gateway_(loop_.get_executor(), times_, records, counters_, cloud_connections, supplier, first),
      server_(loop_.get_executor(), times_, service_of(first->settings), connections) {}

void worker::listen(int descriptor, const std::string& name, const http::tls_context& tls) {
    asio::post(loop_, [this, descriptor, name, tls] {
        try {
            server_.listen(descriptor, name, tls, gateway_);
        } catch (const std::exception& e) {
            spdlog::error("listener {} is not served by this worker: {}", name, e.what());
            ::close(descriptor);
        }
    });
}

void worker::renew(const std::string& listener, const http::tls_context& tls) {
    asio::post(loop_, [this, listener, tls] { server_.renew(listener, tls); });
}

void worker::close(const std::string& listener) {
    asio::post(loop_, [this, listener] { server_.close(listener); });
}

void worker::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "worker");
        loop_.run();
        ended_.store(true);
    });
}

void worker::adopt(std::shared_ptr<const pipeline::snapshot> next) {
    asio::post(loop_, [this, next = std::move(next)]() mutable {
        server_.rules().limits = next->settings.limits;
        server_.rules().timeouts = next->settings.timeouts;
        gateway_.adopt(std::move(next));
    });
}

void worker::put(const renewal::publication& what) {
    asio::post(loop_, [this, what] { gateway_.put(what.where, what.what, what.why, what.retry); });
}

void worker::drain(std::chrono::milliseconds at_most, std::chrono::milliseconds accept_for) {
    asio::post(loop_, [this, at_most, accept_for] {
        cut_off_ = steady_clock::now() + at_most;
        closes_ = steady_clock::now() + accept_for;
        if (std::exchange(draining_, true)) return;
        server_.drain();
        asio::co_spawn(loop_.get_executor(), wait_for_connections(), asio::detached);
    });
}

// Looks every few milliseconds rather than being told: draining happens once, and every call would pay for the telling.
task<> worker::wait_for_connections() {
    asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor> pause(loop_.get_executor());
    for (bool accepting = true; accepting || server_.open() > 0;) {
        const auto now = steady_clock::now();
        if (accepting && now >= closes_) {
            server_.close_all();
            accepting = false;
        }
        if (now >= cut_off_ + unwinding) break;
        if (now >= cut_off_) times_.expire_all();
        pause.expires_after(5ms);
        static_cast<void>(co_await pause.async_wait(use_result));
    }
    times_.stop();
    work_.reset();
    if (server_.open() > 0) loop_.stop();
}

}  // namespace gateway::runtime
