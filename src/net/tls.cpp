#include "gateway/net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/ssl/error.hpp>
#include <climits>
#include <new>

#include "gateway/net/stream.hpp"

namespace gateway::net {

// A BIO_METHOD, BIO_meth_new(3). Makes no system call for what epoll has not reported.
struct tls_session::bio_callbacks {
    static int read(BIO* bio, char* buffer, int size) noexcept {
        BIO_clear_retry_flags(bio);
        const transfer got = session_of(bio).transport_.receive(buffer, static_cast<std::size_t>(size));
        if (!got.error) return static_cast<int>(got.bytes);
        if (got.would_block())
            BIO_set_retry_read(bio);
        else
            session_of(bio).transport_error_ = got.error;
        return got.error == asio::error::eof ? 0 : -1;
    }
    static int write(BIO* bio, const char* bytes, int count) noexcept {
        BIO_clear_retry_flags(bio);
        const transfer sent = session_of(bio).transport_.send({bytes, static_cast<std::size_t>(count)}, {});
        if (sent.bytes > 0) return static_cast<int>(sent.bytes);
        if (sent.would_block())
            BIO_set_retry_write(bio);
        else
            session_of(bio).transport_error_ = sent.error;
        return -1;
    }
    static long control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }
    static tls_session& session_of(BIO* bio) noexcept { return *static_cast<tls_session*>(BIO_get_data(bio)); }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const methods = [] {
            BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
            if (made == nullptr) throw std::bad_alloc();
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return methods;
    }
};

tls_session::tls_session(SSL_CTX* context, stream& transport) : transport_(transport), ssl_(SSL_new(context)) {
    BIO* const bio = ssl_ ? BIO_new(bio_callbacks::method()) : nullptr;
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_read_ahead(ssl_.get(), 1);  // a whole record in one read, not its header first
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

transfer tls_session::do_handshake() noexcept {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? transfer{} : failed(result);
}

transfer tls_session::read(asio::mutable_buffer buffer) noexcept {
    ERR_clear_error();
    const int result =
        SSL_read(ssl_.get(), buffer.data(), static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX)));
    return result > 0 ? transfer{{}, static_cast<std::size_t>(result)} : failed(result);
}

transfer tls_session::write(std::string_view bytes) noexcept {
    ERR_clear_error();
    const int result =
        SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
    return result > 0 ? transfer{{}, static_cast<std::size_t>(result)} : failed(result);
}

transfer tls_session::failed(int result) const noexcept {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return {asio::error::would_block, 0};
        case SSL_ERROR_ZERO_RETURN:
            return {asio::error::eof, 0};
        case SSL_ERROR_SYSCALL:
            return {transport_error_ && transport_error_ != asio::error::eof
                        ? transport_error_
                        : make_error_code(asio::ssl::error::stream_truncated),
                    0};
        default:
            break;
    }
    const unsigned long error = ERR_get_error();
    if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {asio::ssl::error::stream_truncated, 0};
    return {error_code(static_cast<int>(error), asio::error::get_ssl_category()), 0};
}

}  // namespace gateway::net
