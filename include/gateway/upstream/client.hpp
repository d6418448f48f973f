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

// What verifies the cloud's certificates: TLS 1.2 and 1.3, the system's CAs or ca_file. One for all workers of a
// configuration, so the CA file is read once. Throws boost::system::system_error that names the file.
[[nodiscard]] std::shared_ptr<asio::ssl::context> make_tls_context(const config::upstream& from);

// One request, ready to go. Views that live until the exchange has come back.
struct outgoing {
    std::string_view head;  // with its empty line
    std::string_view body;
    bool may_repeat = false;  // a call that changes nothing may be sent again when its connection broke
};

class client;
class connection;
struct pool;

// An answer whose head is there; its body follows. Its connection goes back to its pool when the body has come whole.
class answer {
public:
    answer(answer&&) noexcept;
    answer& operator=(answer&&) noexcept;
    ~answer();

    [[nodiscard]] const message::response_head& head() const noexcept;
    [[nodiscard]] std::uint64_t head_bytes() const noexcept;

    // Reads until the whole body is there, or at least `up_to` bytes of it that were not consumed.
    [[nodiscard]] task<result<void>> fill(std::size_t up_to);
    [[nodiscard]] std::string_view body() const noexcept;  // what is there and not consumed; until the next call here
    void consume() noexcept;                               // all of body() is used up
    [[nodiscard]] bool whole() const noexcept;             // nothing will follow body()

private:
    friend class client;
    explicit answer(std::unique_ptr<connection> from);
    std::unique_ptr<connection> from_;
};

// One for each worker and configuration. Outlives its answers.
class client {
public:
    // `endpoints` in the order in which exchange() counts them. `connections` (may be nullptr) counts those that are
    // open; it is touched when one opens or closes, never by a call.
    client(net::loop& in, std::vector<config::endpoint> endpoints, std::shared_ptr<asio::ssl::context> tls,
           const config::upstream& limits, const config::timeouts& timeouts,
           std::atomic<std::size_t>* connections = nullptr);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // What comes back from now on is overwritten when it is done with: answers that hold secrets.
    void keep_answers_secret() noexcept;

    // Sends at most once: over a kept connection that still lives, else a new one. Only a request of which no byte was
    // written, or one that may be repeated, goes out a second time, and only when a kept connection proved dead.
    [[nodiscard]] task<result<answer>> exchange(std::size_t endpoint, const outgoing& what);

    // The Host of requests to that endpoint.
    [[nodiscard]] const std::string& authority(std::size_t index) const;
    [[nodiscard]] std::size_t open() const noexcept;  // connections, idle and busy

private:
    friend class connection;
    friend class answer;
    [[nodiscard]] task<result<std::unique_ptr<connection>>> open_or_wait(pool& to);
    [[nodiscard]] task<result<std::unique_ptr<connection>>> connect(pool& to,
                                                                    std::chrono::steady_clock::time_point until);
    [[nodiscard]] std::unique_ptr<connection> take_idle(pool& from);
    [[nodiscard]] task<result<bool>> send_large(connection& over, const outgoing& what);

    net::loop& loop_;
    std::unique_ptr<class names> names_;
    std::shared_ptr<asio::ssl::context> tls_;
    std::size_t most_idle_;
    config::timeouts timeouts_;
    std::vector<std::unique_ptr<pool>> pools_;
};

}  // namespace gateway::upstream
