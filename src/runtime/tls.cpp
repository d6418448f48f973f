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
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
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

tls_files load_tls(const config::settings& settings, std::vector<config::problem>& problems) {
    tls_files made;
    for (const config::listener& listener : settings.listeners) {
        listener_tls& one = made.listeners.emplace_back();
        if (!listener.tls) continue;
        try {
            one.context = http::make_tls_context(*listener.tls);
            one.made_from = summary_of(*listener.tls);
            if (auto problem = out_of_date(one.context->native_handle()); !problem.empty())
                problems.push_back({listener.tls->location, std::move(problem), true});
        } catch (const std::exception& e) {
            problems.push_back({listener.tls->location, e.what()});
        }
    }
    try {
        made.upstream = upstream::make_tls_context(settings.upstream);
    } catch (const std::exception& e) {
        problems.push_back(
            {settings.upstream.location, std::string("can't verify the cloud's certificates: ") + e.what()});
    }
    return made;
}

}  // namespace gateway::runtime
