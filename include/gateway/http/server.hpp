#pragma once
// A worker's side of the listeners: accepts, serves each connection in a coroutine of its own, drains.

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/intrusive/list.hpp>
#include <exception>
#include <list>
#include <memory>
#include <string>

#include "gateway/http/listeners.hpp"
#include "gateway/http/session.hpp"
#include "gateway/net/deadlines.hpp"

namespace gateway::http {

// One for each worker, used on its thread only. Outlives its connections: the worker's loop ends before it goes.
class server {
public:
    // `connections` counts those of all workers; it is touched when one opens or closes, never by a call.
    server(const executor& on, net::deadlines& times, const service& initial, std::atomic<std::size_t>& connections);

    // Limits, times and draining as new and running connections see them.
    [[nodiscard]] service& rules() noexcept { return service_; }

    // Accepts on a duplicate of `descriptor` until drain(). `tls` (may be nullptr) is shared and lives as long as
    // needed.
    template <class Handler>
    void listen(int descriptor, std::string name, std::shared_ptr<asio::ssl::context> tls, Handler& handle);

    // Takes what the kernel has accepted already, then stops accepting; idle connections close now, the others after
    // their answer.
    void drain();
    [[nodiscard]] std::size_t open() const noexcept { return open_; }

private:
    using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, executor>;
    struct door {
        acceptor accepts;
        std::string name;
        bool is_unix;
        std::shared_ptr<asio::ssl::context> tls;
    };
    struct live : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        live(session& s, server& of);
        ~live();
        live(const live&) = delete;
        live& operator=(const live&) = delete;
        session& is;
        server& in;
    };

    [[nodiscard]] door& open_door(int descriptor, std::string name, std::shared_ptr<asio::ssl::context> tls);
    [[nodiscard]] task<bool> accept_one(door& at, net::socket& into, asio::generic::stream_protocol::endpoint& from);
    [[nodiscard]] static std::string peer_text(const door& at, const asio::generic::stream_protocol::endpoint& from);
    [[nodiscard]] task<bool> shake_hands(net::stream& with, const door& at);
    static void report(const std::exception_ptr& unforeseen) noexcept;

    template <class Handler>
    task<> accept(door& at, Handler& handle);
    template <class Handler>
    task<> converse(net::socket with, door& at, std::string peer, Handler& handle);

    executor on_;
    net::deadlines& times_;
    service service_;
    std::atomic<std::size_t>& connections_;
    std::list<door> doors_;  // stay until the end: connections refer to them
    boost::intrusive::list<live, boost::intrusive::constant_time_size<false>> live_;
    std::size_t open_ = 0;  // connections whose coroutine has not ended
};

template <class Handler>
void server::listen(int descriptor, std::string name, std::shared_ptr<asio::ssl::context> tls, Handler& handle) {
    door& at = open_door(descriptor, std::move(name), std::move(tls));
    asio::co_spawn(on_, accept(at, handle), report);
}

template <class Handler>
task<> server::accept(door& at, Handler& handle) {
    for (;;) {
        net::socket with(on_);
        asio::generic::stream_protocol::endpoint from;
        const bool accepting = co_await accept_one(at, with, from);
        if (!accepting) co_return;
        if (!with.is_open()) continue;
        ++open_;
        asio::co_spawn(on_, converse(std::move(with), at, peer_text(at, from), handle),
                       [this](const std::exception_ptr& unforeseen) {
                           --open_;
                           report(unforeseen);
                       });
    }
}

template <class Handler>
task<> server::converse(net::socket with, door& at, std::string peer, Handler& handle) {
    net::stream stream(std::move(with), times_);
    const bool over = connections_.load(std::memory_order_relaxed) >= service_.limits.connections;
    session connection(stream, service_, at.name, std::move(peer), over);
    const live counted(connection, *this);
    // Not `at.tls && !co_await …`: GCC 12 destroys the temporary of the side that was not taken.
    if (at.tls) {
        const bool shaken = co_await shake_hands(stream, at);
        if (!shaken) co_return;
    }
    co_await serve(connection, handle);
}

}  // namespace gateway::http
