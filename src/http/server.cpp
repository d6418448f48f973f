#include "gateway/http/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>

namespace gateway::http {

namespace {

// Connections beyond limits.connections get their 503 as long as these are not too many as well; then they are closed.
constexpr std::size_t most_refusals = 1024;

}  // namespace

server::server(const executor& on, net::deadlines& times, service initial, std::atomic<std::size_t>& connections)
    : on_(on), times_(times), service_(std::move(initial)), connections_(connections) {}

server::live::live(session& s, server& of) : is(s), in(of) {
    in.live_.push_back(*this);
    in.connections_.fetch_add(1, std::memory_order_relaxed);
}

server::live::~live() { in.connections_.fetch_sub(1, std::memory_order_relaxed); }

std::shared_ptr<server::door> server::open_door(int descriptor, std::string name, tls_context tls) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &length);
    const asio::generic::stream_protocol protocol(bound.ss_family, bound.ss_family == AF_UNIX ? 0 : IPPROTO_TCP);
    return doors_.emplace_back(
        new door{acceptor(on_, protocol, descriptor), {.listener = std::move(name)}, std::move(tls)});
}

void server::renew(std::string_view name, tls_context tls) {
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
    net::error_code ignored;  // cancel() fails on a closed socket only, where nobody accepts
    which.accepts.cancel(ignored);
}

// False when the door is closed. An open `into` is a connection; a closed one means: try again.
task<bool> server::accept_one(door& at, net::socket& into) {
    net::error_code ec;
    if (!at.closing) std::tie(ec) = co_await at.accepts.async_accept(into, use_result);
    if (at.closing && !into.is_open()) {
        // What the kernel has accepted already is served: closing the socket would reset those connections.
        at.accepts.non_blocking(true, ec);
        at.accepts.accept(into, ec);
        if (ec) {
            at.accepts.close(ec);
            co_return false;
        }
    }
    if (ec) {
        // Out of descriptors or memory: the connection waits in the kernel until some are free again. Anything else is
        // a connection that went away before it was accepted.
        if (ec == asio::error::no_descriptors || ec == asio::error::no_buffer_space || ec == asio::error::no_memory ||
            ec.value() == ENFILE) {
            spdlog::error("accept: paused for 100ms: listener={} error={}", at.is.listener, ec.message());
            asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                       executor>
                pause(on_, std::chrono::milliseconds(100));
            static_cast<void>(co_await pause.async_wait(use_result));
        }
        into = net::socket(on_);
        co_return true;
    }
    if (connections_.load(std::memory_order_relaxed) >= service_.limits.connections + most_refusals) {
        into = net::socket(on_);
        co_return true;
    }
    const int on = 1;  // an answer goes out at once (RFC 9293, 3.7.4): it is written in one piece
    ::setsockopt(into.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a unix socket
    co_return true;
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

void server::report(const std::exception_ptr& unforeseen) noexcept {
    if (!unforeseen) return;
    try {
        std::rethrow_exception(unforeseen);
    } catch (const std::exception& e) {
        spdlog::error("connection: ended by an unforeseen exception: error={}", e.what());
    } catch (...) {
        spdlog::error("connection: ended by an unforeseen exception");
    }
}

}  // namespace gateway::http
