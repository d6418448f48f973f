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

// The result of an operation: its error, and how many bytes were read or written before it.
struct transfer {
    error_code error;
    std::size_t bytes = 0;

    [[nodiscard]] bool would_block() const noexcept { return error == asio::error::would_block; }
};

class stream {
public:
    // `connected` (-1: none yet) becomes the stream's; it does not block.
    explicit stream(loop& owner, int connected = -1);
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    ~stream() { close(); }

    // A new connection; an older one is closed.
    [[nodiscard]] task<error_code> connect(const asio::ip::tcp::endpoint& endpoint);

    // Reads without waiting, in one system call at most: bytes, asio::error::would_block when none are there,
    // asio::error::eof at the end of the stream, operation_aborted when the wait before was cancelled.
    [[nodiscard]] transfer try_read_some(asio::mutable_buffer buffer) noexcept;
    // Waits until try_read_some() may give something else than would_block; at least for an iteration of the loop.
    [[nodiscard]] task<> wait_readable() { return watch_.wait_readable(); }
    [[nodiscard]] task<transfer> async_read_some(asio::mutable_buffer buffer);  // at least one byte, or an error
    // Lets the loop serve others first, after much was read without a wait. (Not by wait_readable(): epoll does not
    // report what OpenSSL has read ahead.)
    [[nodiscard]] task<> yield() { return pause(loop_, milliseconds(1)); }

    // A writer waits for the end of the iteration, where it is not there yet: loop::end_of_iteration().
    [[nodiscard]] bool is_end_of_iteration() const noexcept { return loop_.is_end_of_iteration(); }
    [[nodiscard]] task<> end_of_iteration() { return loop_.end_of_iteration(); }
    // As much of both as goes out at once, in one system call; would_block when that is not all.
    [[nodiscard]] transfer try_write_some(std::string_view first, std::string_view second = {}) noexcept;
    // All bytes of both behind the first `written`, or an error. Counts these, too.
    [[nodiscard]] task<transfer> async_write(std::string_view first, std::string_view second = {},
                                             std::size_t written = 0);

    // TLS over the connected socket, as the client of `host`: its certificate must be for that name or address. A
    // `session` from an earlier connection (may be nullptr) is resumed.
    [[nodiscard]] task<error_code> start_tls_client(asio::ssl::context& context, const std::string& host,
                                                    SSL_SESSION* session);
    [[nodiscard]] task<error_code> start_tls_server(asio::ssl::context& context);
    // Back to plain bytes, after a handshake that found some.
    void end_tls() noexcept { tls_.reset(); }
    [[nodiscard]] SSL* tls() const noexcept { return tls_ ? tls_->native_handle() : nullptr; }

    // Time is up for what is going on `timeout` from now: the operation under way fails with operation_aborted, and
    // timed_out() says why. A loop of operations asks timed_out() between them too, since time may run out there.
    void expires_after(milliseconds timeout) { deadline_.set(timeout); }
    void expires_never() { deadline_.clear(); }
    [[nodiscard]] bool timed_out() const noexcept { return deadline_.expired(); }

    // Whether an idle connection can still be used: false when the peer has closed it, or sent what nobody asked for,
    // as far as the loop knows.
    [[nodiscard]] bool is_reusable() noexcept;
    [[nodiscard]] bool is_hung_up() const noexcept { return watch_.hung_up; }  // the peer has closed it
    // Why the loop can't watch it (no more memory or watches): then it can't be waited for.
    [[nodiscard]] const error_code& watch_error() const noexcept { return watch_error_; }
    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(descriptor_); }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

    void shutdown_send() noexcept;
    void cancel() noexcept { watch_.cancel(); }  // what is under way fails with operation_aborted
    void close() noexcept;

private:
    friend class tls_session;
    void adopt(int connected) noexcept;
    [[nodiscard]] transfer receive(void* data, std::size_t size) noexcept;
    [[nodiscard]] transfer send(std::string_view first, std::string_view second) noexcept;
    [[nodiscard]] transfer nothing_yet() const noexcept;
    [[nodiscard]] task<error_code> do_handshake();

    loop& loop_;
    unique_fd descriptor_;
    error_code watch_error_;
    watch watch_;
    std::unique_ptr<tls_session> tls_;  // not in place: thousands of plain connections have none
    deadline deadline_;
};

}  // namespace gateway::net
