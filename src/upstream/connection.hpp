#pragma once
// One connection to the cloud with what is being read from it, and the pool it goes back to.

#include <atomic>
#include <deque>
#include <utility>

#include "gateway/message/response_reader.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/upstream/client.hpp"
#include "names.hpp"

namespace gateway::upstream {

class connection;

struct session_deleter {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};

// A call that waits for its turn to open a connection, or for one that another call is done with.
struct waiting_call {
    explicit waiting_call(net::loop& in) : called(in) {}
    net::async_event called;
    bool may_open = false;
    std::unique_ptr<connection> handed_over;
};

// The connections to one endpoint that wait to be used again: the last one used is the first one taken, so that those
// beyond the need grow old and go.
struct pool {
    // Call the first in line, with a connection or to open one itself. False when nobody waits.
    bool hand_over(std::unique_ptr<connection>& free);
    bool let_the_next_open();

    config::endpoint to;
    std::string authority;
    std::size_t most_idle = 0;
    std::deque<std::unique_ptr<connection>> idle;
    std::unique_ptr<SSL_SESSION, session_deleter>
        session;  // of the last handshake: the next one resumes it (RFC 8446, 2.2)
    std::size_t open = 0;
    std::size_t being_opened = 0;
    std::shared_ptr<look_up> looking_up;  // the last one, which may be under way
    std::deque<std::shared_ptr<waiting_call>> line;
    std::atomic<std::size_t>* everywhere = nullptr;  // those of all workers
    bool secret = false;  // what comes over its connections is overwritten when it is done with
};

class connection {
public:
    connection(net::loop& on, pool& home)
        : in(home),
          stream(on),
          grown_old(
              on.times(),
              [](void* self) {
                  static_cast<connection*>(self)->stream.close();
                  static_cast<connection*>(self)->no_longer_open();
              },
              this) {
        ++in.open;
        if (in.everywhere != nullptr) in.everywhere->fetch_add(1, std::memory_order_relaxed);
        if (in.secret) reader.keep_secret();
    }
    ~connection() { no_longer_open(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    // Reads what is there; false when nothing is, and the stream has to be waited for.
    [[nodiscard]] result<bool> receive_now();
    // Reads at least a byte more, or says why not.
    [[nodiscard]] task<result<void>> receive();
    // Reads as much of the head as is there; false when that is not all, and the stream has to be waited for.
    [[nodiscard]] result<bool> head_now();
    // Reads body until `up_to` bytes wait or it is whole.
    [[nodiscard]] task<result<void>> fill(std::size_t up_to);

    // The answer is done with. True when the connection can serve another request.
    [[nodiscard]] bool finish() noexcept;

    // Closed, though it may still lie in its pool until somebody looks there.
    void no_longer_open() noexcept {
        if (!std::exchange(counted, false)) return;
        --in.open;
        if (in.everywhere != nullptr) in.everywhere->fetch_sub(1, std::memory_order_relaxed);
    }

    pool& in;
    bool counted = true;
    net::stream stream;
    message::response_reader reader;
    std::size_t in_a_row = 0;  // bytes read without a wait
    bool used_before = false;
    bool sent_whole = true;   // the request
    net::deadline grown_old;  // set while it waits in its pool; closes it
};

}  // namespace gateway::upstream
