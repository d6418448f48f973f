#include "gateway/http/handshake.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

namespace gateway::http {

namespace {

handshake_failure reason_of(unsigned long code) {
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) return handshake_failure::other;
    const int reason = ERR_GET_REASON(code);
    if (reason >= SSL_AD_REASON_OFFSET) return handshake_failure::alert;
    switch (reason) {
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
            return handshake_failure::plain_http;
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return handshake_failure::no_certificate;
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return handshake_failure::certificate;
        default:
            return handshake_failure::protocol;
    }
}

}  // namespace

std::string_view name_of(handshake_failure failure) noexcept {
    switch (failure) {
        case handshake_failure::timed_out:
            return "timed_out";
        case handshake_failure::closed:
            return "closed";
        case handshake_failure::crowded_out:
            return "crowded_out";
        case handshake_failure::plain_http:
            return "plain_http";
        case handshake_failure::no_certificate:
            return "no_certificate";
        case handshake_failure::certificate:
            return "certificate";
        case handshake_failure::alert:
            return "alert";
        case handshake_failure::protocol:
            return "protocol";
        case handshake_failure::other:
            break;
    }
    return "other";
}

failed_handshake explain(const boost::system::error_code& ec, const SSL* ssl) {
    failed_handshake failed{.reason = handshake_failure::closed, .text = ec.message()};
    if (ec.category() != boost::asio::error::get_ssl_category()) return failed;
    failed.reason = reason_of(static_cast<unsigned long>(ec.value()));
    if (failed.reason == handshake_failure::certificate && ssl != nullptr)
        failed.text.append(": ").append(X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
    return failed;
}

void handshake_failures::add(std::string_view listener, handshake_failure reason) {
    const std::lock_guard held(lock_);
    ++counts_[{std::string(listener), reason}];
}

std::map<handshake_failures::key, std::uint64_t> handshake_failures::read() const {
    const std::lock_guard held(lock_);
    return counts_;
}

}  // namespace gateway::http
