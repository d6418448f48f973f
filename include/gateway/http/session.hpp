#pragma once
// One connection of a caller: requests in, answers out, one after the other (RFC 9112, 9.3). It keeps the limits and
// the times; the meaning of a request is the handler's task.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/http/peer.hpp"
#include "gateway/http/usage.hpp"
#include "gateway/message/request_reader.hpp"
#include "gateway/net/stream.hpp"

namespace gateway::http {

// The limits, times and state that all connections of a worker share. Outlives them all.
struct service {
    config::limits limits;
    config::timeouts timeouts;
    usage& used;            // by all workers
    bool draining = false;  // answers close their connection, idle connections go at once
    // Readers, with their memory, that no connection uses. A connection has one while it reads or serves a request, and
    // none while it waits for the next: thousands of idle connections share a few.
    std::vector<std::unique_ptr<message::request_reader>> pool;
};

using tls_context = std::shared_ptr<asio::ssl::context>;

// The data that all connections of one listener share. Outlives them.
struct listener_info {
    std::string listener;          // its name
    std::uint32_t generation = 0;  // rises when its TLS changes or it is removed: older connections end then
    tls_context tls{};             // of new connections; none for plain HTTP
};

// Why a request can't be handled that is not its bytes' fault.
enum class session_fault : std::uint8_t {
    timed_out,      // Gateway.0401
    over_capacity,  // 0503
    no_memory,      // 0503: of limits.buffered_bytes
};

// Why there is no request to handle although an answer is due.
struct rejection {
    std::variant<message::fault, session_fault> fault;
    std::string_view reason;  // a sentence of ours
};

class session {
public:
    // `over_capacity`: the connection is one too many; it is answered and closed.
    session(net::stream& stream, service& shared, const listener_info& info, peer remote, bool over_capacity);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    enum class read_state : std::uint8_t {
        waiting,     // for bytes: wait(), then try again
        answer_due,  // the head is there, or rejected() says why there is none
        ended,       // the connection is closed, or was silent for too long, and nothing is to be answered
    };

    // First of all, for each request: its time begins.
    [[nodiscard]] read_state begin_request();
    // Reads the head of the next request, and a body that came with it. While no byte of it is there, the connection
    // has no buffers. When it is rejected, the connection closes after the answer, and nothing more is read as a
    // request.
    [[nodiscard]] read_state try_read_head();
    [[nodiscard]] task<> wait();
    // Whether a body has to be waited for: then either read_body() or leave_body() comes next.
    [[nodiscard]] bool lacks_body() const noexcept { return lacks_body_; }
    [[nodiscard]] task<> read_body();  // rejected() may be set afterwards
    // The head is enough to refuse it: the body is never kept, and the connection closes after the answer.
    void leave_body();

    // Of the request that was read; views until the next one.
    [[nodiscard]] const std::optional<rejection>& rejected() const noexcept { return rejection_; }
    [[nodiscard]] const message::request_head& head() const noexcept { return reader_->head(); }
    [[nodiscard]] std::string_view body() const noexcept { return reader_->body(); }
    [[nodiscard]] bool body_was_left() const noexcept { return lacks_body_; }
    [[nodiscard]] std::uint64_t bytes_in() const noexcept { return reader_->bytes(); }
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
    enum class arrival : std::uint8_t { bytes, nothing_yet, end, timed_out };
    void acquire_reader();
    void release_reader() noexcept;
    [[nodiscard]] message::request_limits limits() const noexcept {
        return {.head_bytes = service_.limits.header_bytes, .body_bytes = service_.limits.body_bytes};
    }
    [[nodiscard]] arrival try_receive();
    [[nodiscard]] bool reserve_body_memory();
    [[nodiscard]] task<> send_continue();
    [[nodiscard]] bool try_read_body();
    void on_request_read();
    void verify_certificate();
    void reject(std::variant<message::fault, session_fault> fault, std::string_view reason);

    net::stream& stream_;
    service& service_;
    const listener_info& info_;
    std::uint32_t generation_;
    peer remote_;
    bool over_capacity_;

    std::unique_ptr<message::request_reader> reader_;
    bool lacks_body_ = false;
    buffered_share share_;
    std::optional<rejection> rejection_;
    const std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point began_;
    std::uint64_t bytes_out_ = 0;
    std::size_t read_in_a_row_ = 0;  // bytes that were read without a wait
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
    using read_state = session::read_state;
    for (;;) {
        // Here, not in a function below: each coroutine would keep its frame for an idle connection.
        read_state state = connection.begin_request();
        while (state == read_state::waiting) {
            co_await connection.wait();
            state = connection.try_read_head();
        }
        if (state == read_state::ended) co_return;
        if (connection.lacks_body()) {
            if (handle.wants_body(connection))
                co_await connection.read_body();
            else
                connection.leave_body();
        }
        co_await handle(connection);
        if (connection.closes()) {
            co_await connection.drain_input();
            co_return;
        }
    }
}

}  // namespace gateway::http
