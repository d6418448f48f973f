#include "gateway/http/handshake.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <memory>
#include <set>

namespace gateway::http {
namespace {

// A listener's side of a handshake in which the caller has sent `bytes`; what OpenSSL says of them.
failed_handshake handshake_after(std::string_view bytes) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_bio(ssl.get(), BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl.get());
    ERR_clear_error();
    EXPECT_LE(SSL_do_handshake(ssl.get()), 0);
    return explain({static_cast<int>(ERR_get_error()), boost::asio::error::get_ssl_category()}, ssl.get());
}

struct bytes_case {
    std::string_view bytes;
    handshake_failure expected;
};

TEST(failed_handshake, is_explained_by_what_the_caller_sent) {
    for (const auto& c : {
             bytes_case{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", handshake_failure::plain_http},
             bytes_case{"POST /v1 HTTP/1.1\r\nHost: h\r\n\r\n", handshake_failure::plain_http},
             bytes_case{"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", handshake_failure::plain_http},
             bytes_case{"SSH-2.0-OpenSSH_9.2\r\n", handshake_failure::protocol},
         })
        EXPECT_EQ(name_of(handshake_after(c.bytes).reason), name_of(c.expected)) << c.bytes;
}

struct code_case {
    boost::system::error_code code;
    handshake_failure expected;
};

boost::system::error_code ssl_code(int reason) {
    return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, reason)), boost::asio::error::get_ssl_category()};
}

TEST(failed_handshake, is_explained_by_the_code_that_it_ended_with) {
    for (const auto& c : {
             code_case{ssl_code(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE), handshake_failure::no_certificate},
             code_case{ssl_code(SSL_R_CERTIFICATE_VERIFY_FAILED), handshake_failure::certificate},
             code_case{ssl_code(SSL_R_NO_SHARED_CIPHER), handshake_failure::protocol},
             code_case{ssl_code(SSL_R_UNSUPPORTED_PROTOCOL), handshake_failure::protocol},
             code_case{ssl_code(SSL_R_NO_APPLICATION_PROTOCOL), handshake_failure::protocol},
             code_case{ssl_code(SSL_R_TLSV1_ALERT_UNKNOWN_CA), handshake_failure::alert},
             code_case{{static_cast<int>(ERR_PACK(ERR_LIB_X509, 0, 100)), boost::asio::error::get_ssl_category()},
                       handshake_failure::other},
             code_case{boost::asio::error::eof, handshake_failure::closed},
             code_case{boost::asio::error::connection_reset, handshake_failure::closed},
             code_case{boost::asio::ssl::error::stream_truncated, handshake_failure::closed},
         })
        EXPECT_EQ(name_of(explain(c.code, nullptr).reason), name_of(c.expected)) << c.code.message();
}

TEST(failed_handshake, has_the_verifiers_words_for_a_certificate) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
    SSL_set_verify_result(ssl.get(), X509_V_ERR_CERT_HAS_EXPIRED);
    const auto failed = explain(ssl_code(SSL_R_CERTIFICATE_VERIFY_FAILED), ssl.get());
    EXPECT_TRUE(failed.text.ends_with(": certificate has expired")) << failed.text;
}

TEST(reasons_of_a_failed_handshake, have_names_of_their_own) {
    std::set<std::string_view> names;
    for (int reason = 0; reason <= static_cast<int>(handshake_failure::other); ++reason)
        EXPECT_TRUE(names.insert(name_of(static_cast<handshake_failure>(reason))).second) << reason;
}

}  // namespace
}  // namespace gateway::http
