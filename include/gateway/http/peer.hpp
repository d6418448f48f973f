#pragma once
// The facts that a connection has of its other end before a request has come over it.

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gateway::http {

struct peer {
    std::string text;  // for records: "192.0.2.1:40000", "[2001:db8::1]:40000", "unix:uid=1000,pid=4711"
    std::optional<std::uint32_t> unix_user;      // the user id of a process at a unix socket, as the kernel vouches
    std::vector<std::string> certificate_names;  // of a verified client certificate: "URI:…", "DNS:…"
    std::chrono::sys_seconds certificate_until = std::chrono::sys_seconds::max();  // the latest where none was shown
};

// Of a connected TCP or unix socket. What can't be read stays empty.
[[nodiscard]] peer peer_of(int descriptor);

// The subject alternative names (RFC 5280, 4.2.1.6) of the certificate that the other end has shown, and that was
// verified: URIs as they are, DNS names in lower case. Empty without a certificate. A name that holds anything but
// printable ASCII is left out, and a certificate with more than 64 names has none.
[[nodiscard]] std::vector<std::string> certificate_names(const SSL* ssl);

// The end of the first of the verified chain to expire, from that certificate to the CA: the handshake looked at it,
// but a connection may be kept for longer. The latest time there is without a certificate; the earliest where an end
// can't be read.
[[nodiscard]] std::chrono::sys_seconds certificate_until(const SSL* ssl);
// Whether that certificate is one that the client CA of `ca` verifies now.
[[nodiscard]] bool is_verified_by(SSL_CTX* ca, const SSL* ssl);

}  // namespace gateway::http
