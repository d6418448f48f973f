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
// Unfinished TLS handshakes of a worker, of 42 to 170 KiB each (docs/limits.md). Beyond it those that take longer than
// least_handshake make room; callers in a crowd have so long, and wait in the kernel meanwhile.
constexpr std::size_t most_handshakes = 64;
constexpr auto least_handshake = std::chrono::seconds(1);
constexpr std::chrono::milliseconds longest_handshake = std::chrono::seconds(5);
constexpr auto crowd_pause = std::chrono::milliseconds(10);
constexpr std::string_view speaks_tls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 55\r\nConnection: close\r\n\r\n"
    "This listener speaks TLS: use https:// instead of http\n";
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

server::server(net::loop& in, service initial) : loop_(in), service_(std::move(initial)) {}

server::door::door(net::loop& in, unique_fd listens, std::string name, tls_context with)
    : descriptor(std::move(listens)), ready(in), is{.listener = std::move(name), .tls = std::move(with)} {
    // A service manager's may be one that blocks.
    if (const int flags = ::fcntl(descriptor.get(), F_GETFL); flags >= 0)
        ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK);
    if (const auto ec = ready.begin(descriptor.get())) throw boost::system::system_error(ec);
}

void server::door::close() noexcept {
    ready.end();
    descriptor.reset();
}

server::handshake::handshake(net::stream& over, server& of) : with(over), of_(of) {
    of.handshakes_.push_back(*this);
    ++of.handshake_count_;
}

std::shared_ptr<server::door> server::open_door(unique_fd descriptor, std::string name, tls_context tls) {
    return doors_.emplace_back(std::make_shared<door>(loop_, std::move(descriptor), std::move(name), std::move(tls)));
}

void server::renew(std::string_view name, const tls_context& tls) {
    for (auto& at : doors_) {
        if (at->is.listener != name) continue;
        at->is.tls = tls;
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
        if (at.is.tls && !makes_room_for_handshake()) {
            co_await net::pause(loop_, crowd_pause);
            continue;
        }
        const int connected = ::accept4(at.descriptor.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connected >= 0) {
            if (service_.used.connections.load(std::memory_order_relaxed) >= most_answered()) {
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
            tell_no_room(at, {why, boost::system::generic_category()});
            co_await net::pause(loop_, std::chrono::milliseconds(100));
        }
    }
}

// Out of descriptors or memory: the connection waits in the kernel until there is room again.
void server::tell_no_room(door& at, const boost::system::error_code& why) {
    const auto left_out = at.no_room_lines.admit(std::chrono::steady_clock::now());
    if (left_out)
        spdlog::error("accept: there is no room for connections: listener={} error={}{}", at.is.listener, why.message(),
                      log_limit::note(*left_out));
}

std::size_t server::most_served() const noexcept {
    return std::min(service_.limits.connections, service_.used.most_connections);
}

std::size_t server::most_answered() const noexcept {
    const std::size_t within = service_.used.most_connections;
    return std::min(service_.limits.connections + most_refusals, within + within / 8);
}

bool server::makes_room_for_handshake() {
    if (handshake_count_ < most_handshakes) return true;
    const auto now = std::chrono::steady_clock::now();
    for (handshake& each : handshakes_) {
        if (now - each.began < least_handshake) break;
        each.crowded_out = true;
        each.with.cancel();
    }
    return false;
}

task<bool> server::shake_hands(session& connection, const entrance& through) {
    net::stream& with = connection.stream();
    const tls_context tls = through.tls;  // which a reload may exchange meanwhile
    failed_handshake why;
    {
        handshake counted(with, *this);
        with.expires_after(std::min(service_.timeouts.request_header, longest_handshake));
        const auto ec = co_await with.start_tls_server(*tls);
        const bool late = with.timed_out();
        with.expires_never();
        if (!ec && !late && !counted.crowded_out) co_return true;
        if (late)
            why = {.reason = handshake_failure::timed_out, .text = "timed out"};
        else if (counted.crowded_out)
            why = {.reason = handshake_failure::crowded_out, .text = "it made room for others"};
        else
            why = explain(ec, with.tls());
    }
    tell_failed(why, connection);
    if (why.reason != handshake_failure::plain_http) co_return false;
    with.end_tls();
    const bool told = co_await connection.send(speaks_tls);
    if (told) co_await connection.linger();
    co_return false;
}

void server::tell_failed(const failed_handshake& why, const session& of) {
    service_.used.failed_handshakes.add(of.listener(), why.reason);
    const bool is_probe = why.reason == handshake_failure::closed;  // of a port scan or a load balancer, as a rule
    if (is_probe && !spdlog::should_log(spdlog::level::debug)) return;
    const auto left_out = handshake_lines_.admit(std::chrono::steady_clock::now());
    if (left_out)
        spdlog::log(is_probe ? spdlog::level::debug : spdlog::level::info,
                    "tls: a caller's handshake failed: listener={} peer={} reason={} error=\"{}\"{}", of.listener(),
                    of.from().text, name_of(why.reason), why.text, log_limit::note(*left_out));
}

void server::drain() {
    service_.draining = true;
    for (live& each : live_) {
        each.is.hurry();
    }
}

void server::report(const std::exception_ptr& unforeseen) noexcept { net::log_exception("connection", unforeseen); }

}  // namespace gateway::http
