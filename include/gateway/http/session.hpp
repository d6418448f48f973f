#pragma once
// One connection of a caller: requests in, answers out, one after the other (RFC 9112, 9.3). It keeps the limits and
// the times; the meaning of a request is the handler's task.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/http/peer.hpp"
#include "gateway/http/usage.hpp"
#include "gateway/message/buffer.hpp"
#include "gateway/message/chunk_decoder.hpp"
#include "gateway/message/head.hpp"
#include "gateway/net/stream.hpp"

namespace gateway::http {

// The memory that reading a request takes.
struct request_buffers {
    message::buffer buffer;
    message::request_head head;
    std::string decoded;  // a chunked body
};

// The limits, times and state that all connections of a worker share. Outlives them all.
struct service {
    config::limits limits;
    config::timeouts timeouts;
    usage& used;            // by all workers
    bool draining = false;  // answers close their connection, idle connections go at once
    // Buffers that no connection uses. A connection has some while it reads or serves a request, and none while it
    // waits for the next: thousands of idle connections share a few.
    std::vector<std::unique_ptr<request_buffers>> pool;
};

using tls_context = std::shared_ptr<asio::ssl::context>;

// The data that all connections of one listener share. Outlives them.
struct listener_info {
    std::string listener;          // its name
    std::uint32_t generation = 0;  // rises when its TLS changes or it is removed: older connections end then
    tls_context tls{};             // of new connections; none for plain HTTP
};

// Why there is no request to handle although an answer is due.
enum class rejection_kind : std::uint8_t {
    malformed,            // Gateway.0001
    timed_out,            // 0401
    body_too_large,       // 0402
    method_too_long,      // 0404, 501
    line_too_long,        // 0403, 414
    header_too_long,      // 0403, 431
    unknown_coding,       // 0404, 501
    unknown_expectation,  // 0404, 417
    over_capacity,        // 0503
    no_memory,            // 0503: of limits.buffered_bytes
};

struct rejection {
    rejection_kind kind;
    std::string_view reason;  // a sentence of ours
};

class session {
public:
    // `over_capacity`: the connection is one too many; it is answered and closed.
    session(net::stream& stream, service& shared, const listener_info& info, peer remote, bool over_capacity);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // First of all, for each request. True when the connection is idle: its buffers are released until its stream is
    // readable. Then on_readable() reads; it is false when the connection has ended.
    [[nodiscard]] bool can_release_buffers();
    [[nodiscard]] bool on_readable();

    // Parses the usual request, which has come in one read. False when more must be read or it is rejected:
    // next_head().
    [[nodiscard]] bool try_parse();
    // Waits for the head of the next request. False when the connection ended with nothing to answer: closed or silent
    // between two calls. True with rejected() set when what came can't be handled; the connection closes after its
    // answer, and nothing more of it is read as a request.
    [[nodiscard]] task<bool> next_head();
    // Whether a body has to be waited for: then either read_body() or leave_body() comes next.
    [[nodiscard]] bool lacks_body() const noexcept { return lacks_body_; }
    [[nodiscard]] task<> read_body();  // rejected() may be set afterwards
    // The head is enough to reject it: the body is never kept, and the connection closes after the answer.
    void leave_body();

    // Of the request that was read; views until the next one.
    [[nodiscard]] const std::optional<rejection>& rejected() const noexcept { return rejection_; }
    [[nodiscard]] const message::request_head& head() const noexcept { return buffers_->head; }
    [[nodiscard]] std::string_view body() const noexcept { return body_; }
    [[nodiscard]] bool body_was_left() const noexcept { return lacks_body_; }
    [[nodiscard]] std::uint64_t bytes_in() const noexcept { return bytes_in_; }
    // When its first byte was there.
    [[nodiscard]] std::chrono::steady_clock::time_point began() const noexcept { return began_; }

    // Whether the connection lives on after this answer, which has to say so (Connection: close). What was said holds:
    // a drain or reload that begins afterwards leaves the connection to the next answer.
    [[nodiscard]] bool keeps_alive() noexcept {
        if (service_.draining || info_.generation != generation_ || began_ - opened_ >= service_.limits.connection_age)
            keep_alive_ = false;
        return keep_alive_;
    }
    [[nodiscard]] bool closes() const noexcept { return !keep_alive_; }
    [[nodiscard]] bool draining() const noexcept { return service_.draining; }
    void close_after_answer() noexcept { keep_alive_ = false; }

    // Sends all bytes of both, at the end of the loop's iteration; false when the caller is gone or too slow to take
    // them: each send() has the time that a body has.
    [[nodiscard]] task<bool> send(std::string_view first, std::string_view second = {});
    [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_; }

    // After the last answer: closes its own direction and reads until the caller closes, so that the answer arrives
    // although unread bytes may be left (RFC 9112, 9.6).
    [[nodiscard]] task<> drain_input();

    [[nodiscard]] std::string_view listener() const noexcept { return info_.listener; }
    [[nodiscard]] peer& remote() noexcept { return remote_; }
    [[nodiscard]] const peer& remote() const noexcept { return remote_; }
    void shorten_idle_timeout();
    [[nodiscard]] net::stream& stream() noexcept { return stream_; }

private:
    enum class arrival { bytes, end, timed_out };
    void acquire_buffers();
    void release_buffers() noexcept;
    void shrink_buffers();
    void begin_wait();
    void on_request_begin();
    void on_request_read();
    void verify_certificate();
    [[nodiscard]] task<arrival> receive(std::size_t size);
    [[nodiscard]] task<bool> read_head();
    void find_body();
    [[nodiscard]] task<bool> prepare_body(std::size_t length);
    [[nodiscard]] bool decode(message::chunk_decoder& decoder);
    void reject_too_long(std::string_view head);
    void reject(rejection_kind kind, std::string_view reason);
    void reject(const message::problem& problem);

    net::stream& stream_;
    service& service_;
    const listener_info& info_;
    std::uint32_t generation_;
    peer remote_;
    bool over_capacity_;

    std::unique_ptr<request_buffers> buffers_;
    std::size_t used_ = 0;  // of the buffer, by the request that is being handled
    std::string_view body_;
    bool lacks_body_ = false;
    buffered_share share_;
    std::optional<rejection> rejection_;
    const std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point began_;
    std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
    std::size_t in_a_row_ = 0;  // bytes that next_request() has read without a wait
    std::size_t served_ = 0;
    bool keep_alive_ = true;
    bool idle_ = true;
};

// Serves a connection to its end. `handle(session&)` gives a task<> that sends one whole answer, also for a request
// that was rejected. `handle.wants_body(session&)` says by the head alone whether a body that is yet to come is worth
// its memory; where not, handle(session&) refuses the request. The caller (whose frame holds the stream) closes it
// afterwards.
template <class Handler>
task<> serve_requests(session& connection, Handler& handle) {
    for (;;) {
        // Here, not in a function below: each coroutine would keep its frame for an idle connection.
        if (connection.can_release_buffers()) {
            co_await connection.stream().wait_readable();
            if (!connection.on_readable()) co_return;
        }
        if (!connection.try_parse()) {
            const bool due = co_await connection.next_head();
            if (!due) co_return;
            if (connection.lacks_body()) {
                if (handle.wants_body(connection))
                    co_await connection.read_body();
                else
                    connection.leave_body();
            }
        }
        co_await handle(connection);
        if (connection.closes()) {
            co_await connection.drain_input();
            co_return;
        }
    }
}

}  // namespace gateway::http
