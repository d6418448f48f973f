#include "gateway/base/host.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "gateway/base/field.hpp"

namespace gateway {

std::string_view host_without_port(std::string_view authority) noexcept {
    const std::size_t address_end = authority.starts_with('[') ? authority.find(']') : 0;
    if (address_end == std::string_view::npos) return {};
    const std::size_t end = std::min(authority.find(':', address_end), authority.size());
    if (address_end > 0 && end != address_end + 1) return {};
    const std::string_view port = authority.substr(std::min(end + 1, authority.size()));
    const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits ? authority.substr(0, end) : std::string_view();
}

bool is_address_or_localhost(std::string_view host) noexcept {
    if (same_name(host, "localhost")) return true;
    const bool is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_v6) {
        host = host.substr(1, host.size() - 2);
        host = host.substr(0, host.find('%'));  // a zone is of the one who asks (RFC 4007, 11)
    }
    std::array<char, INET6_ADDRSTRLEN> text{};  // inet_pton wants a NUL at the end
    if (host.empty() || host.size() >= text.size()) return false;
    host.copy(text.data(), host.size());
    std::array<unsigned char, sizeof(in6_addr)> number{};
    return ::inet_pton(is_v6 ? AF_INET6 : AF_INET, text.data(), number.data()) == 1;
}

}  // namespace gateway
