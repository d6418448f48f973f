#include "gateway/net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/ssl/error.hpp>
#include <climits>
#include <new>

#include "gateway/net/stream.hpp"

namespace gateway::net {

// A BIO_METHOD, BIO_meth_new(3). What the loop has not told to be there is not asked for.
struct tls_session::way {
    static int read(BIO* bio, char* into, int room) noexcept {
        BIO_clear_retry_flags(bio);
        const transfer got = of(bio).over_.receive(into, static_cast<std::size_t>(room));
        if (!got.error) return static_cast<int>(got.bytes);
        if (got.would_block())
            BIO_set_retry_read(bio);
        else
            of(bio).broken_ = got.error;
        return got.error == asio::error::eof ? 0 : -1;
    }
    static int write(BIO* bio, const char* bytes, int count) noexcept {
        BIO_clear_retry_flags(bio);
        const transfer sent = of(bio).over_.send({bytes, static_cast<std::size_t>(count)}, {});
        if (sent.bytes > 0) return static_cast<int>(sent.bytes);
        if (sent.would_block())
            BIO_set_retry_write(bio);
        else
            of(bio).broken_ = sent.error;
        return -1;
    }
    static long control(BIO*, int what, long, void*) noexcept { return what == BIO_CTRL_FLUSH ? 1 : 0; }
    static tls_session& of(BIO* bio) noexcept { return *static_cast<tls_session*>(BIO_get_data(bio)); }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const one = [] {
            BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
            if (made == nullptr) throw std::bad_alloc();
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return one;
    }
};

tls_session::tls_session(SSL_CTX* with, stream& over) : over_(over), ssl_(SSL_new(with)) {
    BIO* const bio = ssl_ ? BIO_new(way::method()) : nullptr;
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_read_ahead(ssl_.get(), 1);  // a whole record in one read, not its header first
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

transfer tls_session::shake_hands() noexcept {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? transfer{} : failed(result);
}

transfer tls_session::read(asio::mutable_buffer into) noexcept {
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), into.data(), static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX)));
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
            return {
                broken_ && broken_ != asio::error::eof ? broken_ : make_error_code(asio::ssl::error::stream_truncated),
                0};
        default:
            break;
    }
    const unsigned long why = ERR_get_error();
    if (ERR_GET_REASON(why) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {asio::ssl::error::stream_truncated, 0};
    return {error_code(static_cast<int>(why), asio::error::get_ssl_category()), 0};
}

}  // namespace gateway::net
