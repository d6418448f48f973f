#include "gateway/message/field_list.hpp"

#include <cstring>

namespace gateway::message {

namespace {

// Eight characters at a time, in lower case: of the characters of a token (RFC 9110, 5.6.2) the bit of the case tells
// apart letters alone, and ^ from ~ and _ from DEL, which no known name holds.
constexpr std::uint64_t lower = 0x2020202020202020U;

std::uint64_t eight(const char* text) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text, sizeof bytes);
    return bytes | lower;
}

// Both of the same size.
bool same(std::string_view name, std::string_view other) noexcept {
    if (name.size() < 8) return same_name(name, other);
    for (std::size_t i = 0; i + 8 <= name.size(); i += 8) {
        if (eight(name.data() + i) != eight(other.data() + i)) return false;
    }
    const std::size_t tail = name.size() - 8;
    return eight(name.data() + tail) == eight(other.data() + tail);
}

}  // namespace

known find_known(std::string_view name) noexcept {
    const auto matches = [name](std::string_view other) { return same(name, other); };
    constexpr std::string_view gateways = "X-Gateway-";
    if (name.size() > gateways.size() && (name.front() == 'X' || name.front() == 'x') &&
        same(name.substr(0, gateways.size()), gateways))
        return known::x_gateway;
    switch (name.size()) {
        case 2:
            return matches("TE") ? known::te : known::other;
        case 4:
            return matches("Host") ? known::host : matches("Date") ? known::date : known::other;
        case 6:
            return matches("Accept") ? known::accept : matches("Expect") ? known::expect : known::other;
        case 7:
            return matches("Trailer") ? known::trailer : matches("Upgrade") ? known::upgrade : known::other;
        case 9:
            return matches("X-Api-Key") ? known::x_api_key : known::other;
        case 10:
            return matches("User-Agent")   ? known::user_agent
                   : matches("X-Sdk-Date") ? known::x_sdk_date
                   : matches("Connection") ? known::connection
                   : matches("X-Language") ? known::x_language
                   : matches("tracestate") ? known::tracestate
                   : matches("Keep-Alive") ? known::keep_alive
                                           : known::other;
        case 11:
            return matches("traceparent") ? known::traceparent : known::other;
        case 12:
            return matches("Content-Type")   ? known::content_type
                   : matches("X-Request-Id") ? known::x_request_id
                   : matches("X-Auth-Token") ? known::x_auth_token
                                             : known::other;
        case 13:
            return matches("Authorization") ? known::authorization : known::other;
        case 14:
            return matches("Content-Length")   ? known::content_length
                   : matches("X-Client-Token") ? known::x_client_token
                                               : known::other;
        case 15:
            return matches("Idempotency-Key") ? known::idempotency_key : known::other;
        case 16:
            return matches("X-Security-Token")   ? known::x_security_token
                   : matches("Proxy-Connection") ? known::proxy_connection
                                                 : known::other;
        case 17:
            return matches("Transfer-Encoding") ? known::transfer_encoding : known::other;
        case 18:
            return matches("Proxy-Authenticate") ? known::proxy_authenticate : known::other;
        case 19:
            return matches("Proxy-Authorization") ? known::proxy_authorization : known::other;
        case 20:
            return matches("X-Sdk-Content-Sha256") ? known::x_sdk_content_sha256 : known::other;
        default:
            return known::other;
    }
}

void field_list::clear() noexcept {
    fields_.clear();
    names_.clear();
    positions_ = {};
    repeated_ = 0;
}

known field_list::add(const field& one) {
    const known name = find_known(one.name);
    fields_.push_back(one);
    names_.push_back(name);
    auto& position = positions_[static_cast<std::size_t>(name)];
    if (position != 0) repeated_ |= known_names::bit(name);
    if (position == 0) position = static_cast<std::uint8_t>(fields_.size());
    return name;
}

}  // namespace gateway::message
