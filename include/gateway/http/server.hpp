#pragma once
// A worker's side of the listeners: accepts, serves each connection in a coroutine of its own, drains.

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "gateway/http/listeners.hpp"
#include "gateway/http/session.hpp"
#include "gateway/net/loop.hpp"

namespace gateway::http {

using tls_context = std::shared_ptr<asio::ssl::context>;

// One for each worker, used on its thread only. Outlives its connections: the worker's loop ends before it goes.
class server {
public:
    // `connections` counts those of all workers; it is touched when one opens or closes, never by a call.
    server(net::loop& in, service initial, std::atomic<std::size_t>& connections);

    // Limits, times and draining as new and running connections see them.
    [[nodiscard]] service& rules() noexcept { return service_; }

    // Accepts on `descriptor`, which becomes this server's, until the listener of that name is closed. `tls` (may be
    // nullptr) is shared and lives as long as needed.
    template <class Handler>
    void listen(unique_fd descriptor, std::string name, tls_context tls, Handler& handle);
    // New connections get `tls` from now on; those that are there close after their next answer.
    void renew(std::string_view name, const tls_context& tls);
    // Takes what the kernel has accepted already, then stops accepting. Connections close after their next answer.
    void close(std::string_view name);

    // Answers close their connection from now on; idle connections get a moment for a request that is on its way. What
    // is accepted meanwhile is served one call each.
    void drain();
    void close_all();  // as close(), of every listener

    [[nodiscard]] std::size_t open() const noexcept { return open_; }

    // Logs what ended a coroutine that should not have thrown.
    static void report(const std::exception_ptr& unforeseen) noexcept;

private:
    // Lives until it is closed and its last connection has ended.
    struct door {
        door(net::loop& in, unique_fd listens, std::string name, tls_context with);
        door(const door&) = delete;
        door& operator=(const door&) = delete;
        ~door() { close(); }
        void close() noexcept;
        unique_fd descriptor;
        net::watch ready;
        entrance is;
        tls_context tls;
        bool closing = false;
        unsigned in_a_row = 0;  // accepted without a wait
    };
    struct live : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        live(session& s, server& of);
        ~live();
        live(const live&) = delete;
        live& operator=(const live&) = delete;
        session& is;
        server& in;
    };

    [[nodiscard]] std::shared_ptr<door> open_door(unique_fd descriptor, std::string name, tls_context tls);
    static void shut(door& which);
    // A connection's descriptor; -1 when the door is closed.
    [[nodiscard]] task<int> accept_one(door& at);
    [[nodiscard]] task<bool> shake_hands(net::stream& with, tls_context tls, std::string_view listener);

    template <class Handler>
    task<> accept(std::shared_ptr<door> at, Handler& handle);
    template <class Handler>
    task<> converse(int connected, std::shared_ptr<door> at, Handler& handle);

    net::loop& loop_;
    service service_;
    std::atomic<std::size_t>& connections_;
    std::vector<std::shared_ptr<door>> doors_;
    boost::intrusive::list<live, boost::intrusive::constant_time_size<false>> live_;
    std::size_t open_ = 0;  // connections whose coroutine has not ended
};

template <class Handler>
void server::listen(unique_fd descriptor, std::string name, tls_context tls, Handler& handle) {
    auto at = open_door(std::move(descriptor), std::move(name), std::move(tls));
    loop_.spawn(accept(std::move(at), handle), report);
}

template <class Handler>
task<> server::accept(std::shared_ptr<door> at, Handler& handle) {
    for (;;) {
        const int connected = co_await accept_one(*at);
        if (connected < 0) co_return;
        ++open_;
        loop_.spawn(converse(connected, at, handle), [this](const std::exception_ptr& unforeseen) {
            --open_;
            report(unforeseen);
        });
    }
}

template <class Handler>
task<> server::converse(int connected, std::shared_ptr<door> at, Handler& handle) {
    net::stream stream(loop_, connected);
    if (stream.unwatched()) {
        spdlog::error("connection: it can't be served: listener={} error={}", at->is.listener,
                      stream.unwatched().message());
        co_return;
    }
    const bool over = connections_.load(std::memory_order_relaxed) >= service_.limits.connections;
    session connection(stream, service_, at->is, peer_of(connected), over);
    const live counted(connection, *this);
    // Not `at->tls && !co_await …`: GCC 12 destroys the temporary of the side that was not taken.
    if (at->tls) {
        const bool shaken = co_await shake_hands(stream, at->tls, at->is.listener);
        if (!shaken) co_return;
        connection.from().certificate_names = certificate_names(stream.tls());
        connection.from().certificate_until = certificate_until(stream.tls());
    }
    co_await serve(connection, handle);
}

}  // namespace gateway::http
