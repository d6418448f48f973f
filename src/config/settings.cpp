#include "gateway/config/settings.hpp"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>

namespace gateway::config {

bool listener::is_local() const {
    if (is_unix) return true;
    if (const auto v4 = boost::urls::parse_ipv4_address(host)) return v4->is_loopback();
    const auto v6 = boost::urls::parse_ipv6_address(host);
    return v6 && v6->is_loopback();
}

std::string endpoint::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : '[' + host + ']';
    if (port != (tls ? 443 : 80)) text += ':' + std::to_string(port);
    return text;
}

}  // namespace gateway::config
