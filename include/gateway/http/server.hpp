#pragma once
// A worker's side of the listeners: accepts, serves each connection in a coroutine of its own, drains.

#include <spdlog/spdlog.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/log_limit.hpp"
#include "gateway/http/capacity.hpp"
#include "gateway/http/listeners.hpp"
#include "gateway/http/session.hpp"
#include "gateway/net/loop.hpp"

namespace gateway::http {

// One for each worker, used on its thread only. Outlives its connections: the worker's loop ends before it goes.
class server {
public:
    server(net::loop& loop, service initial);

    // Limits, times and draining as new and running connections see them.
    [[nodiscard]] service& rules() noexcept { return service_; }

    // Accepts on `descriptor`, which becomes this server's, until the listener of that name is closed. `tls` (may be
    // nullptr) is shared and lives as long as needed.
    template <class Handler>
    void listen(unique_fd descriptor, std::string name, tls_context tls, Handler& handle);
    // New connections get `tls` from now on; those that are there close after their next answer.
    void set_tls(std::string_view name, const tls_context& tls);
    // Takes what the kernel has accepted already, then stops accepting. Connections close after their next answer.
    void close(std::string_view name);

    // Answers close their connection from now on; idle connections get a moment for a request that is on its way. What
    // is accepted meanwhile is served one call each.
    void drain();
    void close_all();  // as close(), of every listener

    [[nodiscard]] std::size_t open() const noexcept { return open_; }

    // Logs what ended a coroutine that should not have thrown.
    static void report(const std::exception_ptr& exception) noexcept;

private:
    // Exists until it is closed and its last connection has ended.
    struct acceptor {
        acceptor(net::loop& loop, unique_fd listener, std::string name, tls_context tls);
        acceptor(const acceptor&) = delete;
        acceptor& operator=(const acceptor&) = delete;
        ~acceptor() { close(); }
        void close() noexcept;
        unique_fd descriptor;
        net::watch ready;
        listener_info info;
        bool closing = false;
        unsigned in_a_row = 0;  // accepted without a wait
        log_limit no_resources_lines{1, std::chrono::minutes(1)};
    };
    struct connection_guard
        : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        connection_guard(session& s, server& owner) : connection(s) { owner.connections_.push_back(*this); }
        connection_guard(const connection_guard&) = delete;
        connection_guard& operator=(const connection_guard&) = delete;
        session& connection;
    };

    // A TLS handshake that is under way, in the order in which they began.
    struct handshake : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        handshake(net::stream& s, server& owner);
        ~handshake() { --owner_.handshake_count_; }
        handshake(const handshake&) = delete;
        handshake& operator=(const handshake&) = delete;
        net::stream& stream;
        const std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
        bool crowded_out = false;

    private:
        server& owner_;
    };

    [[nodiscard]] std::shared_ptr<acceptor> open_acceptor(unique_fd descriptor, std::string name, tls_context tls);
    static void begin_close(acceptor& source);
    // A connection's descriptor; -1 when the acceptor is closed.
    [[nodiscard]] task<int> accept_one(acceptor& source);
    // Whether one more handshake may begin. If not, those that take long are ended.
    [[nodiscard]] bool may_begin_handshake();
    void log_no_resources(acceptor& source, const boost::system::error_code& error);  // now and then
    [[nodiscard]] task<bool> do_handshake(session& connection, const listener_info& info);
    void log_failed_handshake(const failed_handshake& failed, const session& connection);

    [[nodiscard]] capacity connection_capacity() const noexcept;  // of all workers together

    template <class Handler>
    task<> accept(std::shared_ptr<acceptor> source, Handler& handle);
    template <class Handler>
    task<> serve_connection(int connected, std::shared_ptr<acceptor> source, Handler& handle, bool over_capacity);

    net::loop& loop_;
    service service_;
    std::vector<std::shared_ptr<acceptor>> acceptors_;
    boost::intrusive::list<connection_guard, boost::intrusive::constant_time_size<false>> connections_;
    boost::intrusive::list<handshake, boost::intrusive::constant_time_size<false>> handshakes_;
    std::size_t handshake_count_ = 0;
    log_limit handshake_lines_{5, std::chrono::seconds(1)};
    std::size_t open_ = 0;  // connections whose coroutine has not ended
};

template <class Handler>
void server::listen(unique_fd descriptor, std::string name, tls_context tls, Handler& handle) {
    auto source = open_acceptor(std::move(descriptor), std::move(name), std::move(tls));
    loop_.spawn(accept(std::move(source), handle), report);
}

template <class Handler>
task<> server::accept(std::shared_ptr<acceptor> source, Handler& handle) {
    for (;;) {
        const int connected = co_await accept_one(*source);
        if (connected < 0) co_return;
        ++open_;
        const bool over_capacity =
            service_.used.connections.fetch_add(1, std::memory_order_relaxed) >= connection_capacity().served;
        loop_.spawn(serve_connection(connected, source, handle, over_capacity),
                    [this](const std::exception_ptr& exception) {
                        --open_;
                        service_.used.connections.fetch_sub(1, std::memory_order_relaxed);
                        report(exception);
                    });
    }
}

template <class Handler>
task<> server::serve_connection(int connected, std::shared_ptr<acceptor> source, Handler& handle, bool over_capacity) {
    net::stream stream(loop_, connected);
    if (stream.watch_error()) {
        log_no_resources(*source, stream.watch_error());
        co_return;
    }
    session connection(stream, service_, source->info, peer_of(connected), over_capacity);
    const connection_guard counted(connection, *this);
    // Not `source->info.tls && !co_await …`: GCC 12 destroys the temporary of the side that was not taken.
    if (source->info.tls) {
        const bool established = co_await do_handshake(connection, source->info);
        if (!established) co_return;
        connection.remote().certificate_names = certificate_names(stream.tls());
        connection.remote().certificate_until = certificate_until(stream.tls());
    }
    co_await serve_requests(connection, handle);
}

}  // namespace gateway::http
