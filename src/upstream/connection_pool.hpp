#pragma once
// The connections to one endpoint: those that are idle, and the calls that wait for one.

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "gateway/config/settings.hpp"
#include "gateway/net/async_event.hpp"
#include "resolver.hpp"

namespace gateway::upstream {

class connection;

struct session_deleter {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};

// A call that waits for its turn to open a connection, or for one that another call no longer needs.
struct connection_waiter {
    explicit connection_waiter(net::loop& loop) : served(loop) {}
    net::async_event served;  // one of these is set
    bool may_open = false;
    std::unique_ptr<connection> handed_over;
};

struct connection_pool {
    connection_pool(config::endpoint target, std::size_t max_idle_connections, std::atomic<std::size_t>* open_counter);
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;
    ~connection_pool();

    // The connection that was used last, so that those beyond the need stay idle until their time is up; nullptr when
    // none is left that can be used again.
    [[nodiscard]] std::unique_ptr<connection> take_idle();
    // `returned` can serve another request. The first waiter has it; else it is idle, or closed beyond max_idle.
    void put(std::unique_ptr<connection> returned);
    // Lets the first waiter open a connection. False when nobody waits.
    bool let_next_open();

    config::endpoint endpoint;
    std::string authority;
    std::size_t max_idle = 0;
    std::deque<std::unique_ptr<connection>> idle;  // the one used last at the end
    // Of the last handshake: the next one resumes it (RFC 8446, 2.2).
    std::unique_ptr<SSL_SESSION, session_deleter> session;
    std::size_t opening = 0;
    std::shared_ptr<lookup> latest_lookup;  // which may be under way
    // No more than there are calls: each waits at most timeouts.upstream_connect.
    std::deque<std::shared_ptr<connection_waiter>> waiters;
    std::atomic<std::size_t>* total_open = nullptr;  // of all workers
    bool secret = false;  // what comes over its connections is overwritten before its memory is given back
};

}  // namespace gateway::upstream
