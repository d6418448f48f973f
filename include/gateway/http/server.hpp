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
#include "gateway/http/listeners.hpp"
#include "gateway/http/session.hpp"
#include "gateway/net/loop.hpp"

namespace gateway::http {

// One for each worker, used on its thread only. Outlives its connections: the worker's loop ends before it goes.
class server {
public:
    server(net::loop& in, service initial);

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
        bool closing = false;
        unsigned in_a_row = 0;  // accepted without a wait
        log_limit no_room_lines{1, std::chrono::minutes(1)};
    };
    struct live : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        live(session& s, server& of) : is(s) { of.live_.push_back(*this); }
        live(const live&) = delete;
        live& operator=(const live&) = delete;
        session& is;
    };

    // A TLS handshake that is under way, in the order in which they began.
    struct handshake : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        handshake(net::stream& over, server& of);
        ~handshake() { --of_.handshake_count_; }
        handshake(const handshake&) = delete;
        handshake& operator=(const handshake&) = delete;
        net::stream& with;
        const std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
        bool crowded_out = false;

    private:
        server& of_;
    };

    [[nodiscard]] std::shared_ptr<door> open_door(unique_fd descriptor, std::string name, tls_context tls);
    static void shut(door& which);
    // A connection's descriptor; -1 when the door is closed.
    [[nodiscard]] task<int> accept_one(door& at);
    // Whether one more handshake may begin. Where not, those that take long are ended.
    [[nodiscard]] bool makes_room_for_handshake();
    void tell_no_room(door& at, const boost::system::error_code& why);  // now and then
    [[nodiscard]] task<bool> shake_hands(session& connection, const entrance& through);
    void tell_failed(const failed_handshake& why, const session& of);

    // Callers' connections, those of all workers, that are served; beyond it they are answered 503, and beyond the
    // other figure closed.
    [[nodiscard]] std::size_t most_served() const noexcept;
    [[nodiscard]] std::size_t most_answered() const noexcept;

    template <class Handler>
    task<> accept(std::shared_ptr<door> at, Handler& handle);
    template <class Handler>
    task<> converse(int connected, std::shared_ptr<door> at, Handler& handle, bool over);

    net::loop& loop_;
    service service_;
    std::vector<std::shared_ptr<door>> doors_;
    boost::intrusive::list<live, boost::intrusive::constant_time_size<false>> live_;
    boost::intrusive::list<handshake, boost::intrusive::constant_time_size<false>> handshakes_;
    std::size_t handshake_count_ = 0;
    log_limit handshake_lines_{5, std::chrono::seconds(1)};
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
        const bool over = service_.used.connections.fetch_add(1, std::memory_order_relaxed) >= most_served();
        loop_.spawn(converse(connected, at, handle, over), [this](const std::exception_ptr& unforeseen) {
            --open_;
            service_.used.connections.fetch_sub(1, std::memory_order_relaxed);
            report(unforeseen);
        });
    }
}

template <class Handler>
task<> server::converse(int connected, std::shared_ptr<door> at, Handler& handle, bool over) {
    net::stream stream(loop_, connected);
    if (stream.unwatched()) {
        tell_no_room(*at, stream.unwatched());
        co_return;
    }
    session connection(stream, service_, at->is, peer_of(connected), over);
    const live counted(connection, *this);
    // Not `at->is.tls && !co_await …`: GCC 12 destroys the temporary of the side that was not taken.
    if (at->is.tls) {
        const bool shaken = co_await shake_hands(connection, at->is);
        if (!shaken) co_return;
        connection.from().certificate_names = certificate_names(stream.tls());
        connection.from().certificate_until = certificate_until(stream.tls());
    }
    co_await serve(connection, handle);
}

}  // namespace gateway::http
