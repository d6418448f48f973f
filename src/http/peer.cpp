#include "gateway/http/peer.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <ctime>
#include <memory>
#include <string_view>

#include "gateway/base/field.hpp"

namespace gateway::http {

namespace {

constexpr int max_names = 64;

std::string_view text_of(const ASN1_IA5STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// RFC 5280, 4.2.1.6 wants IA5 text; a NUL within it has fooled others into reading half of a name.
bool is_printable(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

peer peer_of(int descriptor) {
    peer found;
    boost::asio::ip::tcp::endpoint remote;
    auto length = static_cast<socklen_t>(remote.capacity());
    if (::getpeername(descriptor, remote.data(), &length) != 0) return found;
    if (remote.data()->sa_family == AF_UNIX) {
        ucred process{};
        length = sizeof process;
        if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &process, &length) != 0) return found;
        found.unix_user = process.uid;
        found.text = "unix:uid=" + std::to_string(process.uid) + ",pid=" + std::to_string(process.pid);
        return found;
    }
    remote.resize(length);
    const std::string host = remote.address().to_string();
    found.text = (remote.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(remote.port());
    return found;
}

bool is_verified_by(SSL_CTX* ca, const SSL* ssl) {
    X509* const shown = SSL_get0_peer_certificate(ssl);
    const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> verification(X509_STORE_CTX_new(),
                                                                                  X509_STORE_CTX_free);
    return shown != nullptr && verification &&
           X509_STORE_CTX_init(verification.get(), SSL_CTX_get_cert_store(ca), shown, SSL_get_peer_cert_chain(ssl)) ==
               1 &&
           X509_STORE_CTX_set_default(verification.get(), "ssl_client") == 1 &&
           X509_verify_cert(verification.get()) == 1;
}

std::vector<std::string> certificate_names(const SSL* ssl) {
    std::vector<std::string> found;
    const X509* const shown = SSL_get0_peer_certificate(ssl);
    if (shown == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return found;
    const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(shown, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    if (!names || sk_GENERAL_NAME_num(names.get()) > max_names) return found;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* const one = sk_GENERAL_NAME_value(names.get(), i);
        if (one->type == GEN_URI && is_printable(text_of(one->d.uniformResourceIdentifier))) {
            found.push_back("URI:" + std::string(text_of(one->d.uniformResourceIdentifier)));
        } else if (one->type == GEN_DNS && is_printable(text_of(one->d.dNSName))) {
            std::string& name = found.emplace_back(text_of(one->d.dNSName));
            std::transform(name.begin(), name.end(), name.begin(), lower_case);
            name.insert(0, "DNS:");
        }
    }
    return found;
}

std::chrono::sys_seconds certificate_until(const SSL* ssl) {
    using std::chrono::sys_seconds;
    sys_seconds first_end = sys_seconds::max();
    const STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
    for (int i = 0; i < sk_X509_num(chain); ++i) {  // -1 without a chain
        std::tm parts{};
        if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &parts) != 1) return sys_seconds::min();
        first_end = std::min(first_end, sys_seconds(std::chrono::seconds(::timegm(&parts))));
    }
    return first_end;
}

}  // namespace gateway::http
