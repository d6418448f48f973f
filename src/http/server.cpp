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

// Unfinished TLS handshakes of a worker, of 42 to 170 KiB each (docs/limits.md). Beyond it those that take longer than
// min_handshake_time are ended. So each has that long however many there are; others wait in the kernel meanwhile.
constexpr std::size_t max_handshakes = 64;
constexpr auto min_handshake_time = std::chrono::seconds(1);
constexpr std::chrono::milliseconds max_handshake_time = std::chrono::seconds(5);
constexpr auto handshake_pause = std::chrono::milliseconds(10);
constexpr std::string_view https_expected =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 55\r\nConnection: close\r\n\r\n"
    "This listener speaks TLS: use https:// instead of http\n";
constexpr unsigned max_in_a_row = 256;  // accepted while others wait to be served: about a millisecond's work

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

server::server(net::loop& loop, service initial) : loop_(loop), service_(std::move(initial)) {}

server::acceptor::acceptor(net::loop& loop, unique_fd listener, std::string name, tls_context tls)
    : descriptor(std::move(listener)), ready(loop), info{.listener = std::move(name), .tls = std::move(tls)} {
    // A service manager's may be one that blocks.
    if (const int flags = ::fcntl(descriptor.get(), F_GETFL); flags >= 0)
        ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK);
    if (const auto ec = ready.begin(descriptor.get())) throw boost::system::system_error(ec);
}

void server::acceptor::close() noexcept {
    ready.end();
    descriptor.reset();
}

server::handshake::handshake(net::stream& s, server& owner) : stream(s), owner_(owner) {
    owner.handshakes_.push_back(*this);
    ++owner.handshake_count_;
}

std::shared_ptr<server::acceptor> server::open_acceptor(unique_fd descriptor, std::string name, tls_context tls) {
    return acceptors_.emplace_back(
        std::make_shared<acceptor>(loop_, std::move(descriptor), std::move(name), std::move(tls)));
}

void server::set_tls(std::string_view name, const tls_context& tls) {
    for (auto& source : acceptors_) {
        if (source->info.listener != name) continue;
        source->info.tls = tls;
        ++source->info.generation;
    }
}

void server::close(std::string_view name) {
    const auto gone = std::stable_partition(acceptors_.begin(), acceptors_.end(),
                                            [&](const auto& source) { return source->info.listener != name; });
    std::for_each(gone, acceptors_.end(), [](auto& source) { begin_close(*source); });
    acceptors_.erase(gone, acceptors_.end());
}

void server::close_all() {
    for (auto& source : acceptors_)
        begin_close(*source);
    acceptors_.clear();
}

void server::begin_close(acceptor& source) {
    source.closing = true;
    ++source.info.generation;
    source.ready.cancel();
}

task<int> server::accept_one(acceptor& source) {
    for (;;) {
        // Many new connections do not keep the open ones from being served.
        if (++source.in_a_row > max_in_a_row) {
            source.in_a_row = 0;
            co_await net::pause(loop_, std::chrono::milliseconds(1));
        }
        if (source.info.tls && !may_begin_handshake()) {
            co_await net::pause(loop_, handshake_pause);
            continue;
        }
        const int connected = ::accept4(source.descriptor.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connected >= 0) {
            if (service_.used.connections.load(std::memory_order_relaxed) >= connection_capacity().answered) {
                ::close(connected);
                continue;
            }
            const int enabled = 1;  // an answer goes out at once (RFC 9293, 3.7.4): it is written in one piece
            ::setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof enabled);  // fails on a unix socket
            co_return connected;
        }
        const int error = errno;
        if (error == EAGAIN) {
            // Connections that the kernel had accepted already are served: closing the socket would have reset them.
            if (source.closing) {
                source.close();
                co_return -1;
            }
            source.in_a_row = 0;
            co_await source.ready.wait_readable();
        } else if (error == EBADF || error == EINVAL || error == ENOTSOCK) {
            spdlog::error("accept: the listener is gone: listener={} error={}", source.info.listener,
                          std::generic_category().message(error));
            co_return -1;
        } else if (!went_away(error)) {
            log_no_resources(source, {error, boost::system::generic_category()});
            co_await net::pause(loop_, std::chrono::milliseconds(100));
        }
    }
}

// Out of descriptors or memory: the connection waits in the kernel until some are free.
void server::log_no_resources(acceptor& source, const boost::system::error_code& error) {
    const auto left_out = source.no_resources_lines.admit(std::chrono::steady_clock::now());
    if (left_out)
        spdlog::error("accept: there is no room for connections: listener={} error={}{}", source.info.listener,
                      error.message(), log_limit::note(*left_out));
}

capacity server::connection_capacity() const noexcept {
    return capacity_of(service_.limits.connections, service_.used.max_connections);
}

bool server::may_begin_handshake() {
    if (handshake_count_ < max_handshakes) return true;
    const auto now = std::chrono::steady_clock::now();
    for (handshake& each : handshakes_) {
        if (now - each.began < min_handshake_time) break;
        each.crowded_out = true;
        each.stream.cancel();
    }
    return false;
}

task<bool> server::do_handshake(session& connection, const listener_info& info) {
    net::stream& stream = connection.stream();
    const tls_context tls = info.tls;  // which a reload may exchange meanwhile
    failed_handshake failed;
    {
        handshake counted(stream, *this);
        stream.expires_after(std::min(service_.timeouts.request_header, max_handshake_time));
        const auto ec = co_await stream.start_tls_server(*tls);
        const bool timed_out = stream.timed_out();
        stream.expires_never();
        if (!ec && !timed_out && !counted.crowded_out) co_return true;
        if (timed_out)
            failed = {.reason = handshake_failure::timed_out, .text = "timed out"};
        else if (counted.crowded_out)
            failed = {.reason = handshake_failure::crowded_out, .text = "it made room for others"};
        else
            failed = explain(ec, stream.tls());
    }
    log_failed_handshake(failed, connection);
    if (failed.reason != handshake_failure::plain_http) co_return false;
    stream.end_tls();
    const bool sent = co_await connection.send(https_expected);
    if (sent) co_await connection.drain_input();
    co_return false;
}

void server::log_failed_handshake(const failed_handshake& failed, const session& connection) {
    service_.used.failed_handshakes.add(connection.listener(), failed.reason);
    const bool is_probe = failed.reason == handshake_failure::closed;  // of a port scan or a load balancer, as a rule
    if (is_probe && !spdlog::should_log(spdlog::level::debug)) return;
    const auto left_out = handshake_lines_.admit(std::chrono::steady_clock::now());
    if (left_out)
        spdlog::log(is_probe ? spdlog::level::debug : spdlog::level::info,
                    "tls: a caller's handshake failed: listener={} peer={} reason={} error=\"{}\"{}",
                    connection.listener(), connection.remote().text, name_of(failed.reason), failed.text,
                    log_limit::note(*left_out));
}

void server::drain() {
    service_.draining = true;
    for (connection_guard& each : connections_) {
        each.connection.shorten_idle_timeout();
    }
}

void server::report(const std::exception_ptr& exception) noexcept { net::log_exception("connection", exception); }

}  // namespace gateway::http
