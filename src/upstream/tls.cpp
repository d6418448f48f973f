#include "gateway/upstream/client.hpp"

namespace gateway::upstream {

std::shared_ptr<asio::ssl::context> make_tls_context(const config::upstream& settings) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX* const raw = context->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    // Sessions are kept by the pools, one for each endpoint and worker.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    static constexpr unsigned char http_1_1[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(raw, http_1_1, sizeof http_1_1 - 1);

    context->set_verify_mode(asio::ssl::verify_peer);  // there is no way to switch it off
    boost::system::error_code ec;
    if (settings.ca_file) {
        context->load_verify_file(*settings.ca_file, ec);
        if (ec) throw boost::system::system_error(ec, "upstream.ca_file " + *settings.ca_file);
    } else {
        context->set_default_verify_paths(ec);
        if (ec) throw boost::system::system_error(ec, "the system's CA certificates");
    }
    return context;
}

}  // namespace gateway::upstream
