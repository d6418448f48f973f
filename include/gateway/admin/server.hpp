#pragma once
// The admin listener: health, readiness and metrics over HTTP/1.1, for orchestrators and scrapers. It runs on the
// process's own loop and not on a worker's, so that no call waits for a scrape, and never sees a call. Few connections,
// short times, small requests without a body: whoever reaches it can keep it busy, but not make it grow. When all
// connections are taken, the one that has waited longest for a request is closed.

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/admin/pages.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/net/task.hpp"

namespace gateway::admin {

class server {
public:
    // Listens from here on; serves while `context`, which outlives this, runs. `source` is asked on the thread of
    // `context`. Throws boost::system::system_error that names the address.
    server(asio::io_context& context, const config::admin& settings, status source);
    ~server();  // stop()
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }  // that was bound
    [[nodiscard]] const std::string& address() const noexcept { return address_; }

    // Closes the listener and all connections, at once; `source` is not asked any more. `context` has nothing of it
    // left to do then. On the thread of `context`, or when that has ended.
    void stop() noexcept;

private:
    struct shared;
    std::shared_ptr<shared> shared_;  // with the connections' coroutines, of which some may end after this
    std::uint16_t port_ = 0;
    std::string address_;
};

}  // namespace gateway::admin
