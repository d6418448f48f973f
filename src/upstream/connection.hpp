#pragma once
// One connection to the cloud with the response that is read from it.

#include <atomic>
#include <cstddef>
#include <utility>

#include "connection_pool.hpp"
#include "gateway/message/response_reader.hpp"
#include "gateway/net/stream.hpp"
#include "gateway/upstream/failure.hpp"

namespace gateway::upstream {

class connection {
public:
    // `connected` (-1: not yet) becomes the stream's.
    connection(net::loop& loop, connection_pool& owner, int connected = -1)
        : pool(owner),
          stream(loop, connected),
          idle_timer(
              loop.times(),
              [](void* self) {
                  static_cast<connection*>(self)->stream.close();
                  static_cast<connection*>(self)->count_as_closed();
              },
              this) {
        if (pool.total_open != nullptr) pool.total_open->fetch_add(1, std::memory_order_relaxed);
        if (pool.secret) reader.keep_secret();
    }
    ~connection() { count_as_closed(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Whether a request can be sent, as far as the loop knows. (On a new connection TLS 1.3 tickets may have come.)
    [[nodiscard]] bool can_send() noexcept {
        return reused ? stream.is_reusable() : stream.is_open() && !stream.is_hung_up();
    }
    // Reads as much of the head as is there; false when that is not all, and the stream has to be waited for.
    [[nodiscard]] result<bool> try_read_head();
    // Reads until `wanted` bytes of the body are there that were not consumed, or all that is left of it.
    [[nodiscard]] task<result<void>> read_body(std::size_t wanted);

    // The response is done with. True when the connection can serve another request.
    [[nodiscard]] bool finish_response() noexcept;

    connection_pool& pool;
    net::stream stream;
    message::response_reader reader;
    bool reused = false;       // it has served a request before
    bool request_sent = true;  // the whole request went out
    net::deadline idle_timer;  // closes it

private:
    // Reads what is there; false when nothing is, and the stream has to be waited for.
    [[nodiscard]] result<bool> try_receive();
    // Reads at least a byte more, or says why not.
    [[nodiscard]] task<result<void>> receive();
    // A connection that is closed while idle stays in its pool until somebody looks there.
    void count_as_closed() noexcept {
        if (!std::exchange(counted_open_, false)) return;
        if (pool.total_open != nullptr) pool.total_open->fetch_sub(1, std::memory_order_relaxed);
    }

    bool counted_open_ = true;
    std::size_t read_in_a_row_ = 0;  // bytes that were read without a wait
};

}  // namespace gateway::upstream
