#pragma once
// The host that a request names: of a Host field or of a target's authority (RFC 3986, 3.2.2).

#include <string_view>

namespace gateway {

// Without its port: "[::1]" of "[::1]:8080", "gateway.example" of "gateway.example:80". Empty where what follows the
// host is no port.
[[nodiscard]] std::string_view host_without_port(std::string_view authority) noexcept;

// Whether the host (without a port) is an IP address or localhost: what no name server decides about, so that no web
// page can come under it by having its own name point here (DNS rebinding).
[[nodiscard]] bool is_address_or_localhost(std::string_view host) noexcept;

}  // namespace gateway
