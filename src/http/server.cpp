#include "gateway/http/server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace gateway::http {

namespace {

// Connections beyond limits.connections get their 503 as long as these are not too many as well; then they are closed.
constexpr std::size_t most_refusals = 1024;

}  // namespace

server::server(const executor& on, net::deadlines& times, const service& initial, std::atomic<std::size_t>& connections)
    : on_(on), times_(times), service_(initial), connections_(connections) {}

server::live::live(session& s, server& of) : is(s), in(of) {
    in.live_.push_back(*this);
    in.connections_.fetch_add(1, std::memory_order_relaxed);
}

server::live::~live() { in.connections_.fetch_sub(1, std::memory_order_relaxed); }

server::door& server::open_door(int descriptor, std::string name, std::shared_ptr<asio::ssl::context> tls) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &length);
    const bool is_unix = bound.ss_family == AF_UNIX;
    const asio::generic::stream_protocol protocol(bound.ss_family, is_unix ? 0 : IPPROTO_TCP);
    const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw std::system_error(errno, std::generic_category(), "cannot share listener " + name);
    return doors_.emplace_back(door{acceptor(on_, protocol, copy), std::move(name), is_unix, std::move(tls)});
}

// False when the door is closed. An open `into` is a connection; a closed one means: try again.
task<bool> server::accept_one(door& at, net::socket& into, asio::generic::stream_protocol::endpoint& from) {
    net::error_code ec;
    if (!service_.draining) std::tie(ec) = co_await at.accepts.async_accept(into, from, use_result);
    if (service_.draining && !into.is_open()) {
        // What the kernel has accepted already is served: closing the socket would reset those connections.
        at.accepts.non_blocking(true, ec);
        at.accepts.accept(into, from, ec);
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
            spdlog::error("accept: paused for 100ms: listener={} error={}", at.name, ec.message());
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
    if (!at.is_unix) {
        const int on = 1;  // an answer goes out at once (RFC 9293, 3.7.4): it is written in one piece
        ::setsockopt(into.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    co_return true;
}

std::string server::peer_text(const door& at, const asio::generic::stream_protocol::endpoint& from) {
    if (at.is_unix) return "unix";
    asio::ip::tcp::endpoint address;
    address.resize(from.size());
    std::memcpy(address.data(), from.data(), from.size());
    const std::string host = address.address().to_string();
    return (address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(address.port());
}

task<bool> server::shake_hands(net::stream& with, const door& at) {
    with.expires_after(service_.timeouts.request_header);
    const auto ec = co_await with.start_tls_server(*at.tls);
    const bool late = with.timed_out();
    with.expires_never();
    if (ec || late)
        spdlog::debug("tls: handshake with a caller failed: listener={} error={}", at.name,
                      late ? "timed out" : ec.message());
    co_return !ec && !late;
}

void server::drain() {
    service_.draining = true;
    for (door& at : doors_) {
        net::error_code ignored;  // cancel() fails on a closed socket only, where nobody accepts
        at.accepts.cancel(ignored);
    }
    for (live& each : live_) {
        if (each.is.idle()) each.is.stream().cancel();
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
