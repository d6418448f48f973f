#include "gateway/http/server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "gateway/net/async_event.hpp"
#include "gateway/net/log_exception.hpp"

namespace gateway::http {

namespace {

// Connections beyond limits.connections get their 503 as long as these are not too many as well; then they are closed.
constexpr std::size_t most_refusals = 1024;
constexpr unsigned most_in_a_row = 256;  // accepted while others wait to be served: about a millisecond's work

// A connection that ended before it was accepted: accept(2) names these.
bool went_away(int error) noexcept {
    switch (error) {
        case ECONNABORTED:
        case EINTR:
        case EPROTO:
        case EPERM:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ETIMEDOUT:
            return true;
        default:
            return false;
    }
}

}  // namespace

server::server(net::loop& in, service initial, std::atomic<std::size_t>& connections)
    : loop_(in), service_(std::move(initial)), connections_(connections) {}

server::door::door(net::loop& in, unique_fd listens, std::string name, tls_context with)
    : descriptor(std::move(listens)), ready(in), is{.listener = std::move(name)}, tls(std::move(with)) {
    // A service manager's may be one that blocks.
    if (const int flags = ::fcntl(descriptor.get(), F_GETFL); flags >= 0)
        ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK);
    if (const auto ec = ready.begin(descriptor.get())) throw boost::system::system_error(ec);
}

void server::door::close() noexcept {
    ready.end();
    descriptor.reset();
}

server::live::live(session& s, server& of) : is(s), in(of) {
    in.live_.push_back(*this);
    in.connections_.fetch_add(1, std::memory_order_relaxed);
}

server::live::~live() { in.connections_.fetch_sub(1, std::memory_order_relaxed); }

std::shared_ptr<server::door> server::open_door(unique_fd descriptor, std::string name, tls_context tls) {
    return doors_.emplace_back(std::make_shared<door>(loop_, std::move(descriptor), std::move(name), std::move(tls)));
}

void server::renew(std::string_view name, const tls_context& tls) {
    for (auto& at : doors_) {
        if (at->is.listener != name) continue;
        at->tls = tls;
        ++at->is.term;
    }
}

void server::close(std::string_view name) {
    const auto gone =
        std::stable_partition(doors_.begin(), doors_.end(), [&](const auto& at) { return at->is.listener != name; });
    std::for_each(gone, doors_.end(), [](auto& at) { shut(*at); });
    doors_.erase(gone, doors_.end());
}

void server::close_all() {
    for (auto& at : doors_)
        shut(*at);
    doors_.clear();
}

void server::shut(door& which) {
    which.closing = true;
    ++which.is.term;
    which.ready.cancel();
}

task<int> server::accept_one(door& at) {
    for (;;) {
        // A crowd at the door does not keep those inside from being served.
        if (++at.in_a_row > most_in_a_row) {
            at.in_a_row = 0;
            co_await net::pause(loop_, std::chrono::milliseconds(1));
        }
        const int connected = ::accept4(at.descriptor.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connected >= 0) {
            if (connections_.load(std::memory_order_relaxed) >= service_.limits.connections + most_refusals) {
                ::close(connected);
                continue;
            }
            const int on = 1;  // an answer goes out at once (RFC 9293, 3.7.4): it is written in one piece
            ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a unix socket
            co_return connected;
        }
        const int why = errno;
        if (why == EAGAIN) {
            // What the kernel had accepted already is served: closing the socket would have reset those connections.
            if (at.closing) {
                at.close();
                co_return -1;
            }
            at.in_a_row = 0;
            co_await at.ready.until_readable();
        } else if (why == EBADF || why == EINVAL || why == ENOTSOCK) {
            spdlog::error("accept: the listener is gone: listener={} error={}", at.is.listener,
                          std::generic_category().message(why));
            co_return -1;
        } else if (!went_away(why)) {
            // Out of descriptors or memory: the connection waits in the kernel until there is room again.
            spdlog::error("accept: paused for 100ms: listener={} error={}", at.is.listener,
                          std::generic_category().message(why));
            co_await net::pause(loop_, std::chrono::milliseconds(100));
        }
    }
}

task<bool> server::shake_hands(net::stream& with, tls_context tls, std::string_view listener) {
    with.expires_after(service_.timeouts.request_header);
    const auto ec = co_await with.start_tls_server(*tls);
    const bool late = with.timed_out();
    with.expires_never();
    if (ec || late)
        spdlog::debug("tls: handshake with a caller failed: listener={} error={}", listener,
                      late ? "timed out" : ec.message());
    co_return !ec && !late;
}

void server::drain() {
    service_.draining = true;
    for (live& each : live_) {
        each.is.hurry();
    }
}

void server::report(const std::exception_ptr& unforeseen) noexcept { net::log_exception("connection", unforeseen); }

}  // namespace gateway::http
