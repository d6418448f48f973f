#pragma once
// A connection as a stream of bytes: TCP or a unix socket, with or without TLS, and with one deadline.
// The calls return Asio's awaitables directly rather than through a coroutine of their own: one frame less on each.

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "gateway/net/deadlines.hpp"
#include "gateway/net/task.hpp"

namespace gateway::net {

using boost::system::error_code;
using socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

// What an operation gives: its error, and how many bytes were read or written before it.
using transfer = std::tuple<error_code, std::size_t>;

class stream {
public:
    // `connected` may also be a fresh socket that is connected later through plain().
    stream(socket connected, deadlines& times);
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    // At least one byte, or an error (asio::error::eof at the end of the stream).
    [[nodiscard]] task<transfer> read_some(asio::mutable_buffer into);
    // Waits until a read would give something: bytes, the end or an error. Over TLS it says nothing of what was read
    // ahead: there only read_some() does.
    [[nodiscard]] task<std::tuple<error_code>> readable() { return socket_.async_wait(socket::wait_read, use_result); }
    // What is there right now, without TLS; asio::error::would_block when nothing is.
    [[nodiscard]] transfer read_available(asio::mutable_buffer into) noexcept;
    // All bytes of both, in one system call where the kernel takes them, or an error.
    [[nodiscard]] task<transfer> write(std::string_view first, std::string_view second = {});

    // The same over TLS without the three ways through the scheduler that Asio's write takes there, for what the kernel
    // takes at once: at most `surely_taken`, on a connection where nothing waits to be sent. Where it does not after all,
    // that is an error, and nobody knows how much went out.
    static constexpr std::size_t surely_taken = 4096 - 256;  // the least of Linux's net.ipv4.tcp_wmem, less TLS's own
    [[nodiscard]] transfer write_tls_at_once(std::string_view first, std::string_view second) noexcept;

    // TLS over the connected socket, as the client of `host`: its certificate must be for that name or address. A
    // `session` from an earlier connection (may be nullptr) is resumed.
    [[nodiscard]] task<error_code> start_tls_client(asio::ssl::context& with, const std::string& host,
                                                    SSL_SESSION* session);
    [[nodiscard]] task<error_code> start_tls_server(asio::ssl::context& with);
    [[nodiscard]] SSL* tls() const noexcept { return tls_ ? tls_->native_handle() : nullptr; }

    // Time is up for what is going on `after` from now: the operation under way fails with operation_aborted, and
    // timed_out() says why. A loop of operations asks timed_out() between them too, since time may run out there.
    void expires_after(milliseconds after) { deadline_.set(after); }
    void expires_never() { deadline_.clear(); }
    [[nodiscard]] bool timed_out() const noexcept { return deadline_.expired(); }

    // Whether an idle connection can still be used: false when the peer has closed it, or sent what nobody asked for.
    [[nodiscard]] bool is_quiet() noexcept;

    void shutdown_send() noexcept;
    void cancel() noexcept;  // what is under way fails with operation_aborted
    void close() noexcept;
    [[nodiscard]] socket& plain() noexcept { return socket_; }

private:
    using pieces = std::array<asio::const_buffer, 2>;
    [[nodiscard]] task<transfer> write_plain(pieces both);

    socket socket_;
    std::unique_ptr<asio::ssl::stream<socket&>> tls_;  // not in place: thousands of plain connections have none
    deadline deadline_;
};

}  // namespace gateway::net
