#include "gateway/net/stream.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gateway::net {

namespace {

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

// SSL_set_tlsext_host_name without the macro's C cast. OpenSSL copies the name.
bool set_sni(SSL* ssl, const std::string& host) {
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str())) == 1;
}

iovec piece(std::string_view bytes) noexcept {
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: sendmsg(2) writes nothing there
}

}  // namespace

stream::stream(loop& owner, int connected)
    : loop_(owner),
      watch_(owner),
      deadline_(
          owner.times(), [](void* self) { static_cast<stream*>(self)->cancel(); }, this) {
    if (connected >= 0) adopt(connected);
}

void stream::adopt(int connected) noexcept {
    descriptor_.reset(connected);
    watch_error_ = watch_.begin(connected);
}

void stream::close() noexcept {
    if (!descriptor_) return;
    watch_.end();
    descriptor_.reset();
}

task<error_code> stream::connect(const asio::ip::tcp::endpoint& endpoint) {
    close();
    const int fresh = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fresh < 0) co_return last_error();
    const bool failed =
        ::connect(fresh, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 && errno != EINPROGRESS;
    const error_code error = last_error();
    adopt(fresh);  // after connect(2): a socket without a connection counts as hung up
    if (failed) co_return error;
    if (watch_error_) co_return watch_error_;
    while (!watch_.writable) {
        co_await watch_.wait_writable();
        if (watch_.writer_cancelled()) co_return asio::error::operation_aborted;
    }
    int result = 0;
    socklen_t size = sizeof result;
    if (::getsockopt(descriptor_.get(), SOL_SOCKET, SO_ERROR, &result, &size) != 0) co_return last_error();
    co_return error_code(result, boost::system::system_category());
}

transfer stream::receive(void* data, std::size_t size) noexcept {
    while (watch_.readable) {
        const auto got = ::recv(descriptor_.get(), data, size, 0);
        if (got > 0) {
            // All that was there: an edge is reported when more comes. (After a hang-up there may be no further one.)
            if (static_cast<std::size_t>(got) < size && !watch_.hung_up) watch_.readable = false;
            return {{}, static_cast<std::size_t>(got)};
        }
        if (got == 0) return {asio::error::eof, 0};
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return {last_error(), 0};
        watch_.readable = false;
    }
    return nothing_yet();
}

// The reason why a stream can't be read or written just now.
transfer stream::nothing_yet() const noexcept {
    if (!is_open()) return {asio::error::bad_descriptor, 0};
    return {watch_error_ ? watch_error_ : make_error_code(asio::error::would_block), 0};
}

transfer stream::send(std::string_view first, std::string_view second) noexcept {
    std::array<iovec, 2> pieces{piece(first), piece(second)};
    msghdr both{};
    both.msg_iov = pieces.data();
    both.msg_iovlen = pieces.size();
    while (watch_.writable) {
        // One piece costs the kernel less to look at.
        const auto sent = second.empty() ? ::send(descriptor_.get(), first.data(), first.size(), MSG_NOSIGNAL)
                                         : ::sendmsg(descriptor_.get(), &both, MSG_NOSIGNAL);
        if (sent >= 0) {
            const auto bytes = static_cast<std::size_t>(sent);
            if (bytes == first.size() + second.size()) return {{}, bytes};
            // The rest does not fit just now; the next try finds that out, after which the kernel reports when it does.
            return {asio::error::would_block, bytes};
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return {last_error(), 0};
        watch_.writable = false;
    }
    return nothing_yet();
}

transfer stream::try_read_some(asio::mutable_buffer buffer) noexcept {
    if (watch_.reader_cancelled()) return {asio::error::operation_aborted, 0};
    if (!tls_) return receive(buffer.data(), buffer.size());
    return watch_.readable || tls_->may_read() ? tls_->read(buffer) : nothing_yet();
}

task<transfer> stream::async_read_some(asio::mutable_buffer buffer) {
    transfer got = try_read_some(buffer);
    while (got.would_block()) {
        co_await wait_readable();
        got = try_read_some(buffer);
    }
    co_return got;
}

transfer stream::try_write_some(std::string_view first, std::string_view second) noexcept {
    if (watch_.writer_cancelled()) return {asio::error::operation_aborted, 0};
    if (first.empty() && second.empty()) return {};  // which SSL_write(3) takes for an error
    if (!tls_) return send(first, second);
    std::array<char, 16 * 1024> both;  // a record's worth
    std::string_view bytes = first.empty() ? second : first;
    const bool together = !first.empty() && !second.empty() && first.size() + second.size() <= both.size();
    if (together) {
        std::memcpy(both.data(), first.data(), first.size());
        std::memcpy(both.data() + first.size(), second.data(), second.size());
        bytes = {both.data(), first.size() + second.size()};
    }
    transfer sent = tls_->write(bytes);
    if (together) OPENSSL_cleanse(both.data(), bytes.size());  // a token may be among it
    if (!sent.error && sent.bytes < first.size() + second.size()) sent.error = asio::error::would_block;
    return sent;
}

task<transfer> stream::async_write(std::string_view first, std::string_view second, std::size_t written) {
    for (std::size_t before = written;; before = written) {
        const auto first_written = std::min(written, first.size());
        const transfer sent = try_write_some(first.substr(first_written), second.substr(written - first_written));
        written += sent.bytes;
        if (!sent.would_block()) co_return transfer{sent.error, written};
        if (written == before) co_await watch_.wait_writable();
    }
}

task<error_code> stream::start_tls_client(asio::ssl::context& context, const std::string& host, SSL_SESSION* session) {
    tls_ = std::make_unique<tls_session>(context.native_handle(), *this);
    SSL* const ssl = tls_->native_handle();
    SSL_set_connect_state(ssl);
    // RFC 9110, 4.3.4: the certificate is checked against the name or address that was asked for.
    error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    const bool set = not_an_address ? SSL_set1_host(ssl, host.c_str()) == 1 && set_sni(ssl, host)
                                    : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    if (!set) co_return asio::error::invalid_argument;
    if (session != nullptr) SSL_set_session(ssl, session);
    const error_code ec = co_await do_handshake();
    co_return ec;
}

task<error_code> stream::start_tls_server(asio::ssl::context& context) {
    tls_ = std::make_unique<tls_session>(context.native_handle(), *this);
    SSL_set_accept_state(tls_->native_handle());
    const error_code ec = co_await do_handshake();
    co_return ec;
}

task<error_code> stream::do_handshake() {
    watch_.wakes_reader_when_writable = true;
    for (;;) {
        if (watch_.reader_cancelled()) co_return asio::error::operation_aborted;
        const transfer step = tls_->do_handshake();
        if (!step.would_block()) co_return step.error;
        co_await wait_readable();
    }
}

bool stream::is_reusable() noexcept {
    if (!is_open() || watch_.hung_up || (tls_ && SSL_has_pending(tls_->native_handle()) == 1)) return false;
    if (!watch_.readable) return true;
    // Exactly as much was read as was asked for: OpenSSL asks for the rest of a record.
    char byte = 0;
    if (::recv(descriptor_.get(), &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN) return false;
    watch_.readable = false;
    return true;
}

void stream::shutdown_send() noexcept {
    ::shutdown(descriptor_.get(), SHUT_WR);  // the connection is on its way out: nothing is left to do about a failure
}

}  // namespace gateway::net
