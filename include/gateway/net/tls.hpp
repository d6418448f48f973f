#pragma once
// TLS of one stream: OpenSSL reads and writes through the stream's own system calls, so that a record costs one.

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string_view>

#include "gateway/net/task.hpp"

namespace gateway::net {

class stream;
struct transfer;

class tls_session {
public:
    // `transport` outlives it. Throws std::bad_alloc.
    tls_session(SSL_CTX* context, stream& transport);

    // One step each, as far as it goes without waiting: would_block when the stream has to be waited for.
    [[nodiscard]] transfer do_handshake() noexcept;
    [[nodiscard]] transfer read(asio::mutable_buffer buffer) noexcept;
    // Whether read() can give something although the stream has nothing to read: from what was read ahead, or by
    // writing.
    [[nodiscard]] bool may_read() const noexcept {
        return SSL_has_pending(ssl_.get()) == 1 || SSL_want(ssl_.get()) == SSL_WRITING;
    }
    // At most a record. After would_block, again with the same bytes.
    [[nodiscard]] transfer write(std::string_view bytes) noexcept;

    [[nodiscard]] SSL* native_handle() const noexcept { return ssl_.get(); }

private:
    struct bio_callbacks;  // by which OpenSSL uses the stream
    struct deleter {
        void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    };
    [[nodiscard]] transfer failed(int result) const noexcept;

    stream& transport_;
    boost::system::error_code transport_error_;  // the last of the stream that was not would_block
    std::unique_ptr<SSL, deleter> ssl_;
};

}  // namespace gateway::net
