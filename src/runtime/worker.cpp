#include "worker.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <utility>

#include "gateway/net/async_event.hpp"

namespace gateway::runtime {

namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// After the drain's end, how long calls that are cut off have to come to their end. A name look-up, which can't be
// cancelled, takes the longest.
constexpr auto unwinding = 6s;

http::service service_of(const config::settings& settings, http::usage& used) {
    return {.limits = settings.limits, .timeouts = settings.timeouts, .used = used, .pool = {}};
}

}  // namespace

worker::worker(outcome::line_buffer& records, credentials::credential_provider& credential_provider,
               ledger::gateway_ledger& ledger, const std::shared_ptr<const pipeline::snapshot>& first,
               http::usage& used, std::atomic<std::size_t>& cloud_connections)
    : handler_(loop_, records, counters_, cloud_connections, credential_provider, ledger, first),
      server_(loop_, service_of(first->settings, used)) {}

void worker::listen(unique_fd descriptor, const std::string& name, const http::tls_context& tls) {
    loop_.post([this, descriptor = std::move(descriptor), name, tls]() mutable {
        try {
            server_.listen(std::move(descriptor), name, tls, handler_);
        } catch (const std::exception& e) {
            spdlog::error("listener {} is not served by this worker: {}", name, e.what());
        }
    });
}

void worker::set_tls(const std::string& listener, const http::tls_context& tls) {
    loop_.post([this, listener, tls] { server_.set_tls(listener, tls); });
}

void worker::close(const std::string& listener) {
    loop_.post([this, listener] { server_.close(listener); });
}

void worker::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "worker");
        loop_.run();
        ended_.store(true);
    });
}

std::future<void> worker::adopt(std::shared_ptr<const pipeline::snapshot> next) {
    std::promise<void> adopted;
    auto when = adopted.get_future();
    loop_.post([this, next = std::move(next), adopted = std::move(adopted)]() mutable {
        server_.rules().limits = next->settings.limits;
        server_.rules().timeouts = next->settings.timeouts;
        handler_.adopt(std::move(next));
        adopted.set_value();
    });
    return when;
}

void worker::put(const credential_refresh::publication& publication) {
    loop_.post([this, publication] {
        handler_.put(publication.key, publication.secret, publication.reason, publication.retry);
    });
}

void worker::drain(std::chrono::milliseconds timeout, std::chrono::milliseconds accept_for) {
    loop_.post([this, timeout, accept_for] {
        cut_off_ = steady_clock::now() + timeout;
        closes_ = steady_clock::now() + accept_for;
        if (std::exchange(draining_, true)) return;
        server_.drain();
        loop_.spawn(wait_for_connections(), http::server::report);
    });
}

// Polls every few milliseconds: draining happens once, and a notification would cost every call.
task<> worker::wait_for_connections() {
    for (bool accepting = true; accepting || server_.open() > 0 || handler_.is_busy();) {
        const auto now = steady_clock::now();
        if (accepting && now >= closes_) {
            server_.close_all();
            accepting = false;
        }
        if (now >= cut_off_ + unwinding) break;
        // Without a call nobody waits for what else is under way.
        const bool has_calls = accepting || server_.open() > 0;
        if (now >= cut_off_ || !has_calls) loop_.times().expire_now();
        co_await net::pause(loop_, 5ms);
    }
    loop_.finish();
    if (stuck()) loop_.stop();
}

}  // namespace gateway::runtime
