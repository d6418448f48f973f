#include "gateway/runtime/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "gateway/http/listeners.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::runtime {

namespace {

std::string content_of(const std::string& file) {
    std::ifstream from(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(from), {}};
}

// Without the private key, which need not be read once more: another key has another certificate.
sha256_digest summary_of(const config::tls_server& tls) {
    std::string all = content_of(tls.certificate) + '\0';
    if (tls.client_ca) all += content_of(*tls.client_ca);
    all += '\0';
    all += tls.client_certificate_required ? "required" : "optional";
    return sha256_of(all);
}

// Why the certificate can't be trusted today; empty when it can.
std::string out_of_date(SSL_CTX* context) {
    const X509* const own = SSL_CTX_get0_certificate(context);
    if (own == nullptr) return {};
    if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0) return "the certificate has expired: replace the file";
    if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
        return "the certificate is not valid yet: look at this machine's clock, or replace the file";
    return {};
}

}  // namespace

tls_files load_tls(const config::settings& from, std::vector<config::problem>& problems) {
    tls_files made;
    for (const config::listener& at : from.listeners) {
        listener_tls& one = made.listeners.emplace_back();
        if (!at.tls) continue;
        try {
            one.context = http::make_tls_context(*at.tls);
            one.made_from = summary_of(*at.tls);
            if (auto why = out_of_date(one.context->native_handle()); !why.empty())
                problems.push_back({at.tls->at, std::move(why), true});
        } catch (const std::exception& e) {
            problems.push_back({at.tls->at, e.what()});
        }
    }
    try {
        made.upstream = upstream::make_tls_context(from.upstream);
    } catch (const std::exception& e) {
        problems.push_back({from.upstream.at, std::string("can't verify the cloud's certificates: ") + e.what()});
    }
    return made;
}

}  // namespace gateway::runtime
