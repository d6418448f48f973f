#include "gateway/net/stream.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace gateway::net {

namespace {

// SSL_set_tlsext_host_name without the macro's C cast. OpenSSL copies the name.
bool set_sni(SSL* ssl, const std::string& host) {
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str())) == 1;
}

}  // namespace

stream::stream(socket connected, deadlines& times)
    : socket_(std::move(connected)),
      deadline_(
          times, [](void* self) { static_cast<stream*>(self)->cancel(); }, this) {}

task<transfer> stream::read_some(asio::mutable_buffer into) {
    return tls_ ? tls_->async_read_some(into, use_result) : socket_.async_read_some(into, use_result);
}

transfer stream::read_available(asio::mutable_buffer into) noexcept {
    error_code ec;
    if (!socket_.non_blocking()) socket_.non_blocking(true, ec);
    const std::size_t bytes = ec ? 0 : socket_.read_some(asio::buffer(into), ec);
    return {ec, bytes};
}

task<transfer> stream::write(std::string_view first, std::string_view second) {
    const pieces both{asio::buffer(first), asio::buffer(second)};
    return tls_ ? asio::async_write(*tls_, both, use_result) : write_plain(both);
}

// The kernel nearly always takes all of it at once: then there is nothing to wait for, and no way through the
// scheduler, which Asio's own speculative write takes too.
task<transfer> stream::write_plain(pieces both) {
    error_code ec;
    if (!socket_.non_blocking()) socket_.non_blocking(true, ec);
    const std::size_t total = asio::buffer_size(both);
    const std::size_t taken = ec ? 0 : socket_.write_some(both, ec);
    if (taken == total || (ec && ec != asio::error::would_block)) co_return transfer(ec, taken);
    const std::size_t of_first = std::min(taken, both[0].size());
    both[0] += of_first;
    both[1] += taken - of_first;
    const auto [late, rest] = co_await asio::async_write(socket_, both, use_result);
    co_return transfer(late, taken + rest);
}

transfer stream::write_tls_at_once(std::string_view first, std::string_view second) noexcept {
    const pieces both{asio::buffer(first), asio::buffer(second)};
    error_code ec;
    if (!socket_.non_blocking()) socket_.non_blocking(true, ec);  // or Asio would wait in poll(), and the worker with it
    if (ec) return {ec, 0};
    const std::size_t taken = asio::write(*tls_, both, ec);
    return {ec, taken};
}

task<error_code> stream::start_tls_client(asio::ssl::context& with, const std::string& host, SSL_SESSION* session) {
    tls_ = std::make_unique<asio::ssl::stream<socket&>>(socket_, with);
    SSL* const ssl = tls_->native_handle();
    // RFC 9110, 4.3.4: the certificate is checked against the name or address that was asked for.
    error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    const bool set = not_an_address ? SSL_set1_host(ssl, host.c_str()) == 1 && set_sni(ssl, host)
                                    : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    if (!set) co_return asio::error::invalid_argument;
    if (session != nullptr) SSL_set_session(ssl, session);
    // Asio sets it. With SSL_OP_CLEANSE_PLAINTEXT it wipes and frees 16 KiB after each answer, 1.8 us of a call's 37; there
    // are few connections to the cloud, and each may keep its buffers.
    SSL_ctrl(ssl, SSL_CTRL_CLEAR_MODE, SSL_MODE_RELEASE_BUFFERS, nullptr);
    const auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::client, use_result);
    co_return ec;
}

task<error_code> stream::start_tls_server(asio::ssl::context& with) {
    tls_ = std::make_unique<asio::ssl::stream<socket&>>(socket_, with);
    const auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::server, use_result);
    co_return ec;
}

bool stream::is_quiet() noexcept {
    if (tls_ && SSL_has_pending(tls_->native_handle()) == 1) return false;
    char byte = 0;
    const auto seen = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return seen < 0 && errno == EAGAIN;
}

void stream::shutdown_send() noexcept {
    error_code ignored;  // the connection is on its way out: nothing is left to do about a failure
    socket_.shutdown(socket::shutdown_send, ignored);
}

void stream::cancel() noexcept {
    error_code ignored;  // fails only on a socket that is closed, where nothing is under way
    socket_.cancel(ignored);
}

void stream::close() noexcept {
    error_code ignored;  // the descriptor is gone either way
    socket_.close(ignored);
}

}  // namespace gateway::net
