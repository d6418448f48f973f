#pragma once
// A connection as a stream of bytes: TCP or a unix socket, with or without TLS, and with one deadline.

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/unique_fd.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/net/loop.hpp"
#include "gateway/net/tls.hpp"

namespace gateway::net {

// What an operation gives: its error, and how many bytes were read or written before it.
struct transfer {
    error_code error;
    std::size_t bytes = 0;

    [[nodiscard]] bool would_block() const noexcept { return error == asio::error::would_block; }
};

class stream {
public:
    // `connected` (-1: none yet) becomes the stream's; it does not block.
    explicit stream(loop& in, int connected = -1);
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    ~stream() { close(); }

    // A new connection to `to`, in the place of what was there.
    [[nodiscard]] task<error_code> connect(const asio::ip::tcp::endpoint& to);

    // What is there right now, in one system call at most: bytes, asio::error::would_block when nothing is,
    // asio::error::eof at the end of the stream, operation_aborted when the wait before was cancelled.
    [[nodiscard]] transfer read_now(asio::mutable_buffer into) noexcept;
    // Waits until read_now() may give something else than would_block; at least for an iteration of the loop.
    [[nodiscard]] task<> readable() { return watch_.until_readable(); }
    [[nodiscard]] task<transfer> read_some(asio::mutable_buffer into);  // at least one byte, or an error
    // Lets the loop serve others first, after much was read without a wait. (Not by readable(): what OpenSSL has read
    // ahead would not be told.)
    [[nodiscard]] task<> give_way() { return pause(loop_, milliseconds(1)); }

    // Whoever writes waits for the end of the iteration, where it is not there yet: loop::end_of_iteration().
    [[nodiscard]] bool is_end_of_iteration() const noexcept { return loop_.is_end_of_iteration(); }
    [[nodiscard]] task<> end_of_iteration() { return loop_.end_of_iteration(); }
    // As much of both as goes out at once, in one system call; would_block when that is not all.
    [[nodiscard]] transfer write_now(std::string_view first, std::string_view second = {}) noexcept;
    // All bytes of both behind the first `written`, or an error. Counts these, too.
    [[nodiscard]] task<transfer> write(std::string_view first, std::string_view second = {}, std::size_t written = 0);

    // TLS over the connected socket, as the client of `host`: its certificate must be for that name or address. A
    // `session` from an earlier connection (may be nullptr) is resumed.
    [[nodiscard]] task<error_code> start_tls_client(asio::ssl::context& with, const std::string& host,
                                                    SSL_SESSION* session);
    [[nodiscard]] task<error_code> start_tls_server(asio::ssl::context& with);
    // Back to plain bytes, after a handshake that found some.
    void end_tls() noexcept { tls_.reset(); }
    [[nodiscard]] SSL* tls() const noexcept { return tls_ ? tls_->native_handle() : nullptr; }

    // Time is up for what is going on `after` from now: the operation under way fails with operation_aborted, and
    // timed_out() says why. A loop of operations asks timed_out() between them too, since time may run out there.
    void expires_after(milliseconds after) { deadline_.set(after); }
    void expires_never() { deadline_.clear(); }
    [[nodiscard]] bool timed_out() const noexcept { return deadline_.expired(); }

    // Whether an idle connection can still be used: false when the peer has closed it, or sent what nobody asked for,
    // as far as the loop was told.
    [[nodiscard]] bool is_quiet() noexcept;
    // Why the loop can't watch it (no more memory or watches): then it can't be waited for.
    [[nodiscard]] const error_code& unwatched() const noexcept { return unwatched_; }
    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(descriptor_); }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

    void shutdown_send() noexcept;
    void cancel() noexcept { watch_.cancel(); }  // what is under way fails with operation_aborted
    void close() noexcept;

private:
    friend class tls_session;
    void adopt(int connected) noexcept;
    [[nodiscard]] transfer receive(void* into, std::size_t room) noexcept;
    [[nodiscard]] transfer send(std::string_view first, std::string_view second) noexcept;
    [[nodiscard]] transfer nothing_yet() const noexcept;
    [[nodiscard]] task<error_code> shake_hands();

    loop& loop_;
    unique_fd descriptor_;
    error_code unwatched_;
    watch watch_;
    std::unique_ptr<tls_session> tls_;  // not in place: thousands of plain connections have none
    deadline deadline_;
};

}  // namespace gateway::net
