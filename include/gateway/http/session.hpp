#pragma once
// One connection of a caller: requests in, answers out, one after the other (RFC 9112, 9.3). It keeps the limits and
// the times; what a request means is the handler's affair.

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

// What it takes to read a request.
struct desk {
    message::buffer buffer;
    message::request_head head;
    std::string decoded;  // a chunked body
};

// What every connection of a worker is held to, and what the worker tells them. Outlives them all.
struct service {
    config::limits limits;
    config::timeouts timeouts;
    usage& used;            // by all workers
    bool draining = false;  // answers close their connection, idle connections go at once
    // Where requests are read to. A connection has one while it reads or serves a request, and none while it waits for
    // the next: thousands of idle connections share a few.
    std::vector<std::unique_ptr<desk>> spare;
};

using tls_context = std::shared_ptr<asio::ssl::context>;

// What all connections through one listener share. Outlives them.
struct entrance {
    std::string listener;    // its name
    std::uint32_t term = 0;  // rises when the listener's TLS changes or it is removed: older connections end then
    tls_context tls{};       // of new connections; none for plain HTTP
};

// Why there is no request to handle, though an answer is due.
enum class refusal : std::uint8_t {
    malformed,            // Gateway.0001
    late,                 // 0401
    body_too_large,       // 0402
    method_too_long,      // 0404, 501
    line_too_long,        // 0403, 414
    header_too_long,      // 0403, 431
    unknown_coding,       // 0404, 501
    unknown_expectation,  // 0404, 417
    over_capacity,        // 0503
    no_memory,            // 0503: of limits.buffered_bytes
};

struct refused {
    refusal what;
    std::string_view why;  // a sentence of ours
};

class session {
public:
    // `over_capacity`: the connection is one too many; it is answered and closed.
    session(net::stream& with, service& held_to, const entrance& through, peer from, bool over_capacity);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // First of all, for each request. True when the connection is idle and can wait for its stream to be readable()
    // with next to no memory; woke() then takes what came of that, and is false when the connection has ended.
    [[nodiscard]] bool waits_lightly();
    [[nodiscard]] bool woke();

    // The usual request, all of it in one read: true when it is there. Else it is read piece by piece.
    [[nodiscard]] bool has_request();
    // Waits for the head of the next request. False when the connection ended with nothing to answer: closed or silent
    // between two calls. True with why_refused() set when what came can't be handled; the connection closes after its
    // answer, and nothing more of it is read as a request.
    [[nodiscard]] task<bool> next_head();
    // Whether a body has to be waited for: then either read_body() or leave_body() comes next.
    [[nodiscard]] bool lacks_body() const noexcept { return lacks_body_; }
    [[nodiscard]] task<> read_body();  // why_refused() may be set afterwards
    // The head is enough to refuse it: the body is never kept, and the connection closes after the answer.
    void leave_body();

    // Of the request that was read; views until the next one.
    [[nodiscard]] const std::optional<refused>& why_refused() const noexcept { return refused_; }
    [[nodiscard]] const message::request_head& head() const noexcept { return desk_->head; }
    [[nodiscard]] std::string_view body() const noexcept { return body_; }
    [[nodiscard]] bool body_was_left() const noexcept { return lacks_body_; }
    [[nodiscard]] std::uint64_t bytes_in() const noexcept { return bytes_in_; }
    // When its first byte was there.
    [[nodiscard]] std::chrono::steady_clock::time_point began() const noexcept { return began_; }

    // Whether the connection lives on after this answer, which has to say so (Connection: close). What was said holds:
    // a drain or reload that begins afterwards leaves the connection to the next answer.
    [[nodiscard]] bool keeps_alive() noexcept {
        if (held_to_.draining || through_.term != term_ || began_ - opened_ >= held_to_.limits.connection_age)
            keep_alive_ = false;
        return keep_alive_;
    }
    [[nodiscard]] bool closes() const noexcept { return !keep_alive_; }
    [[nodiscard]] bool draining() const noexcept { return held_to_.draining; }
    void close_after_answer() noexcept { keep_alive_ = false; }

    // Sends all bytes of both, at the end of the loop's iteration; false when the caller is gone or too slow to take
    // them: each send() has the time that a body has.
    [[nodiscard]] task<bool> send(std::string_view first, std::string_view second = {});
    [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_; }

    // After the last answer: says goodbye so that the answer arrives although unread bytes may be left (RFC 9112, 9.6).
    [[nodiscard]] task<> linger();

    [[nodiscard]] std::string_view listener() const noexcept { return through_.listener; }
    [[nodiscard]] peer& from() noexcept { return from_; }
    [[nodiscard]] const peer& from() const noexcept { return from_; }
    void hurry();
    [[nodiscard]] net::stream& stream() noexcept { return stream_; }

private:
    enum class arrival { bytes, end, late };
    void sit_down();
    void clear_desk() noexcept;
    void give_memory_back();
    void begin_wait();
    void request_begins();
    void request_is_there();
    void look_at_certificate();
    [[nodiscard]] task<arrival> receive(std::size_t room);
    [[nodiscard]] task<bool> read_head();
    void look_for_body();
    [[nodiscard]] task<bool> take_up_body(std::size_t length);
    [[nodiscard]] bool decode(message::chunk_decoder& by);
    void refuse_as_too_long(std::string_view head);
    void refuse(refusal what, std::string_view why);
    void refuse(const message::problem& why);

    net::stream& stream_;
    service& held_to_;
    const entrance& through_;
    std::uint32_t term_;
    peer from_;
    bool over_capacity_;

    std::unique_ptr<desk> desk_;
    std::size_t used_ = 0;  // of the buffer, by the request that is being handled
    std::string_view body_;
    bool lacks_body_ = false;
    buffered_share share_;
    std::optional<refused> refused_;
    const std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point began_;
    std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
    std::size_t in_a_row_ = 0;  // bytes that next_request() has read without a wait
    std::size_t served_ = 0;
    bool keep_alive_ = true;
    bool idle_ = true;
};

// Serves a connection to its end. `handle(session&)` gives a task<> that sends one whole answer, also for a request
// that was refused. `handle.wants_body(session&)` says by the head alone whether a body that is yet to come is worth
// its memory; where not, handle(session&) refuses the request. The caller (whose frame holds the stream) closes it
// afterwards.
template <class Handler>
task<> serve(session& connection, Handler& handle) {
    for (;;) {
        // Here rather than further in, where each coroutine would keep its frame for an idle connection.
        if (connection.waits_lightly()) {
            co_await connection.stream().readable();
            if (!connection.woke()) co_return;
        }
        if (!connection.has_request()) {
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
            co_await connection.linger();
            co_return;
        }
    }
}

}  // namespace gateway::http
