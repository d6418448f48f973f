#pragma once
// The gateway's side towards the cloud: kept connections to each region's endpoint, and one exchange over one of them.

#include <boost/asio/ssl/context.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/message/head.hpp"
#include "gateway/net/stream.hpp"
#include "gateway/upstream/failure.hpp"

namespace gateway::upstream {

// Verifies the cloud's certificates: TLS 1.2 and 1.3, the system's CAs or ca_file. One for all workers of a
// configuration, so the CA file is read once. Throws boost::system::system_error that names the file.
[[nodiscard]] std::shared_ptr<asio::ssl::context> make_tls_context(const config::upstream& settings);

// Views that live until the exchange has come back.
struct request {
    std::string_view head;  // with its empty line
    std::string_view body;
    bool may_repeat = false;  // it changes nothing, so it may be sent again when its connection broke
};

class client;
class connection;
class resolver;
struct connection_pool;

// A response whose head is there; its body follows. Its connection goes back to its pool when the whole body has come.
class response {
public:
    response(response&&) noexcept;
    response& operator=(response&&) noexcept;
    ~response();

    [[nodiscard]] const message::response_head& head() const noexcept;

    // Reads until the whole body is there, or at least `wanted` bytes of it that were not consumed.
    [[nodiscard]] task<result<void>> read_body(std::size_t wanted);
    [[nodiscard]] std::string_view body() const noexcept;  // arrived and not consumed; a view until the next call here
    void consume_body() noexcept;                          // all of body()
    [[nodiscard]] bool whole() const noexcept;             // nothing follows body()

private:
    friend class client;
    explicit response(std::unique_ptr<connection> source);
    std::unique_ptr<connection> connection_;
};

// A connection that is ready to carry a request: a kept one, or a new one with TLS done. Goes back to its pool when it
// was not used.
class lease {
public:
    lease(lease&&) noexcept;
    lease& operator=(lease&&) noexcept;
    ~lease();

private:
    friend class client;
    explicit lease(std::unique_ptr<connection> source);
    std::unique_ptr<connection> connection_;  // none after a success
    bool used_ = false;
};

// One for each worker and configuration. Outlives its leases and responses.
class client {
public:
    // exchange() counts `endpoints` in this order. `total_open` (may be nullptr) counts open connections; it is touched
    // when one opens or closes, never by a call.
    client(net::loop& loop, std::vector<config::endpoint> endpoints, std::shared_ptr<asio::ssl::context> tls,
           const config::upstream& limits, const config::timeouts& timeouts,
           std::atomic<std::size_t>* total_open = nullptr);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // From now on responses hold secrets: their memory is overwritten before it is given back.
    void keep_responses_secret() noexcept;

    // A kept connection that still lives, else a new one. At most timeouts.upstream_connect.
    [[nodiscard]] task<result<lease>> acquire(std::size_t endpoint);
    // Sends once over that connection, and never again. A failure with delivery::not_sent says that no byte was
    // written. `connection` is used up by a success; after a failure it is closed when it is destroyed.
    [[nodiscard]] task<result<response>> exchange(lease& connection, const request& outgoing);
    // Both in one. Only a request of which no byte was written, or one that may be repeated, is sent a second time,
    // over a new connection, and only when a kept connection proved dead.
    [[nodiscard]] task<result<response>> exchange(std::size_t endpoint, const request& outgoing);

    // The Host of requests to that endpoint.
    [[nodiscard]] const std::string& authority(std::size_t endpoint) const;

private:
    using time_point = std::chrono::steady_clock::time_point;
    [[nodiscard]] task<result<std::unique_ptr<connection>>> open_or_wait(connection_pool& pool);
    [[nodiscard]] task<result<std::unique_ptr<connection>>> connect(connection_pool& pool, time_point time_limit);
    [[nodiscard]] task<result<bool>> send_large(connection& target, const request& outgoing);

    net::loop& loop_;
    std::unique_ptr<resolver> resolver_;
    std::shared_ptr<asio::ssl::context> tls_;
    config::timeouts timeouts_;
    std::vector<std::unique_ptr<connection_pool>> pools_;
};

}  // namespace gateway::upstream
