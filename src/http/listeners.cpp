#include "gateway/http/listeners.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/asio/ip/address.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace gateway::http {

namespace asio = boost::asio;

namespace {

constexpr int backlog = 4096;  // the kernel caps it at net.core.somaxconn

[[noreturn]] void fail(const std::string& message) { throw std::system_error(errno, std::generic_category(), message); }

// Of the path itself, not of what a symbolic link there leads to, as bind(2) and unlink(2) have it.
std::optional<struct stat> file_at(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
    return found;
}

}  // namespace

listener_sockets::listener_sockets(const config::listener& settings, std::size_t workers, int handed_over)
    : name_(settings.name), address_(settings.name), handed_over_(handed_over >= 0) {
    try {
        if (handed_over >= 0)
            take_over(settings, handed_over);
        else
            settings.is_unix ? open_unix(settings) : open_tcp(settings, workers);
    } catch (...) {
        remove_file();
        throw;
    }
}

listener_sockets::listener_sockets(listener_sockets&& other) noexcept
    : name_(std::move(other.name_)),
      address_(std::move(other.address_)),
      handed_over_(other.handed_over_),
      socket_file_(std::exchange(other.socket_file_, {})),
      descriptors_(std::exchange(other.descriptors_, {})) {}

listener_sockets::~listener_sockets() { remove_file(); }

void listener_sockets::remove_file() noexcept {
    // While the descriptors are open, no other file can have its inode.
    if (socket_file_ && !handed_over_ && !is_lost()) ::unlink(socket_file_->path.c_str());
}

bool listener_sockets::is_lost() const noexcept {
    if (!socket_file_) return false;
    struct stat found {};
    return ::lstat(socket_file_->path.c_str(), &found) != 0 || found.st_dev != socket_file_->device ||
           found.st_ino != socket_file_->inode;
}

unique_fd listener_sockets::descriptor(std::size_t worker) const {
    unique_fd copy(::fcntl(descriptors_[worker % descriptors_.size()].get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) fail("cannot share listener " + name_ + " among workers");
    return copy;
}

void listener_sockets::set_mode(std::optional<unsigned> mode) const {
    if (!socket_file_ || handed_over_ || !mode) return;
    if (::chmod(socket_file_->path.c_str(), *mode) != 0) fail("cannot set the mode of listener " + name_);
}

void listener_sockets::remember_file(const std::string& path) {
    if (const auto found = file_at(path)) socket_file_ = {path, found->st_dev, found->st_ino};
}

void listener_sockets::take_over(const config::listener& settings, int handed_over) {
    const int copy = descriptors_.emplace_back(::fcntl(handed_over, F_DUPFD_CLOEXEC, 0)).get();
    if (copy < 0) fail("cannot share listener " + name_ + " among workers");
    const int flags = ::fcntl(copy, F_GETFL);
    if (flags < 0 || ::fcntl(copy, F_SETFL, flags | O_NONBLOCK) != 0) fail("cannot use listener " + name_);
    if (settings.is_unix) remember_file(settings.host);
}

void listener_sockets::open_tcp(const config::listener& settings, std::size_t workers) {
    asio::ip::tcp::endpoint bind_address(asio::ip::make_address(settings.host), settings.port);
    const auto bound = [&](bool shared) {
        const int descriptor =
            ::socket(bind_address.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (descriptor < 0) fail("cannot open a socket for listener " + settings.name);
        descriptors_.emplace_back(descriptor);
        const int enabled = 1;
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &enabled, sizeof enabled);
        // [::] is for IPv6 alone, so that 0.0.0.0 can stand beside it.
        if (bind_address.address().is_v6())
            ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &enabled, sizeof enabled);
        if (shared) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &enabled, sizeof enabled);
        if (::bind(descriptor, bind_address.data(), static_cast<socklen_t>(bind_address.size())) != 0)
            fail("cannot bind listener " + settings.name +
                 (errno == EADDRINUSE ? " (`ss -ltnp` tells who listens there)" : ""));
        return descriptor;
    };
    // SO_REUSEPORT would let a second gateway of the same user take half of the connections without a word: a socket
    // without it finds out whether somebody listens there already.
    bound(false);
    descriptors_.clear();

    for (std::size_t i = 0; i < workers; ++i) {
        const int descriptor = bound(true);
        if (::listen(descriptor, backlog) != 0) fail("cannot listen on " + settings.name);
        if (i > 0) continue;
        auto length = static_cast<socklen_t>(bind_address.capacity());
        if (::getsockname(descriptor, bind_address.data(), &length) != 0)
            fail("cannot read the address of listener " + settings.name);
    }
    const std::string host = bind_address.address().to_string();
    address_ = (bind_address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bind_address.port());
}

// A socket file that nobody listens on any more is left by a process that was killed; one that answers is in use. Any
// other file belongs to somebody: to connect to it fails just as it does for a dead socket.
void listener_sockets::remove_dead_socket(const config::listener& settings, const sockaddr_un& bind_address) {
    const auto found = file_at(settings.host);
    if (found && !S_ISSOCK(found->st_mode))
        throw std::runtime_error("cannot bind listener " + settings.name +
                                 ": a file that is no socket stands there; move it away, or choose another path");
    const unique_fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool dead =
        ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&bind_address), sizeof bind_address) != 0 &&
        errno == ECONNREFUSED;
    errno = EADDRINUSE;
    if (!dead || ::unlink(settings.host.c_str()) != 0) fail("cannot bind listener " + settings.name);
}

void listener_sockets::open_unix(const config::listener& settings) {
    sockaddr_un bind_address{};
    bind_address.sun_family = AF_UNIX;
    if (settings.host.size() >= sizeof bind_address.sun_path)
        throw std::runtime_error("listener " + settings.name +
                                 ": the path is longer than a unix socket's may be (107 bytes)");
    std::memcpy(bind_address.sun_path, settings.host.c_str(), settings.host.size());
    const auto* const address = reinterpret_cast<const sockaddr*>(&bind_address);

    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("cannot open a socket for listener " + settings.name);
    descriptors_.emplace_back(descriptor);
    if (::bind(descriptor, address, sizeof bind_address) != 0) {
        if (errno != EADDRINUSE) fail("cannot bind listener " + settings.name);
        remove_dead_socket(settings, bind_address);
        if (::bind(descriptor, address, sizeof bind_address) != 0) fail("cannot bind listener " + settings.name);
    }
    remember_file(settings.host);
    set_mode(settings.mode);
    if (::listen(descriptor, backlog) != 0) fail("cannot listen on " + settings.name);
}

namespace {

// OpenSSL would ask for the pass phrase on the terminal, and the process would wait for it.
struct encrypted_key {
    bool met = false;
    static int refuse(char*, int, int, void* seen) noexcept {
        if (seen != nullptr) static_cast<encrypted_key*>(seen)->met = true;
        return -1;
    }
};

void use_private_key(asio::ssl::context& context, const std::string& file) {
    SSL_CTX* const raw = context.native_handle();
    encrypted_key seen;
    SSL_CTX_set_default_passwd_cb_userdata(raw, &seen);
    boost::system::error_code ec;
    context.use_private_key_file(file, asio::ssl::context::pem, ec);
    SSL_CTX_set_default_passwd_cb_userdata(raw, nullptr);
    if (seen.met)
        throw std::runtime_error("the key " + file +
                                 " is encrypted, which is not supported; decrypt it (openssl pkey -in … -out …)");
    if (ec) throw boost::system::system_error(ec, file);
}

}  // namespace

std::unique_ptr<asio::ssl::context> make_tls_context(const config::tls_server& settings) {
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX* const raw = context->native_handle();
    const auto named = [](const std::string& file, const auto& use) {
        boost::system::error_code ec;
        use(ec);
        if (ec) throw boost::system::system_error(ec, file);
    };
    SSL_CTX_set_default_passwd_cb(raw, encrypted_key::refuse);
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // TLS 1.2 with forward secrecy and an AEAD only (RFC 9325, 4.2); 1.3 has nothing else.
    SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    // A resumed session would carry a client certificate past its end and past a new CA. Callers keep their
    // connections, so a full handshake for each costs little.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(raw, 0);
    named(settings.certificate, [&](auto& ec) { context->use_certificate_chain_file(settings.certificate, ec); });
    use_private_key(*context, settings.private_key);
    if (settings.client_ca) {
        named(*settings.client_ca, [&](auto& ec) { context->load_verify_file(*settings.client_ca, ec); });
        SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(settings.client_ca->c_str()));
        context->set_verify_mode(asio::ssl::verify_peer |
                                 (settings.client_certificate_required ? asio::ssl::verify_fail_if_no_peer_cert : 0));
    }
    SSL_CTX_set_alpn_select_cb(
        raw,
        [](SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
           unsigned offered_length, void*) {
            static constexpr unsigned char http_1_1[] = "\x08http/1.1";
            unsigned char* chosen = nullptr;
            if (SSL_select_next_proto(&chosen, length, http_1_1, sizeof http_1_1 - 1, offered, offered_length) !=
                OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
            *out = chosen;
            return SSL_TLSEXT_ERR_OK;
        },
        nullptr);
    return context;
}

}  // namespace gateway::http
