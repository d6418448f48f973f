#include "gateway/message/field_list.hpp"

#include <cstring>

namespace gateway::message {

namespace {

// Eight characters at a time, in lower case: of the characters of a token (RFC 9110, 5.6.2) the bit of the case tells
// apart letters alone, and ^ from ~ and _ from DEL, which no known name holds.
constexpr std::uint64_t lower = 0x2020202020202020U;

std::uint64_t eight(const char* from) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes | lower;
}

// Both of the same size.
bool same(std::string_view name, std::string_view as) noexcept {
    if (name.size() < 8) return same_name(name, as);
    for (std::size_t i = 0; i + 8 <= name.size(); i += 8) {
        if (eight(name.data() + i) != eight(as.data() + i)) return false;
    }
    const std::size_t tail = name.size() - 8;
    return eight(name.data() + tail) == eight(as.data() + tail);
}

}  // namespace

known which(std::string_view name) noexcept {
    const auto is = [name](std::string_view as) { return same(name, as); };
    constexpr std::string_view gateways = "X-Gateway-";
    if (name.size() > gateways.size() && (name.front() == 'X' || name.front() == 'x') &&
        same(name.substr(0, gateways.size()), gateways))
        return known::x_gateway;
    switch (name.size()) {
        case 2:
            return is("TE") ? known::te : known::other;
        case 4:
            return is("Host") ? known::host : is("Date") ? known::date : known::other;
        case 6:
            return is("Accept") ? known::accept : is("Expect") ? known::expect : known::other;
        case 7:
            return is("Trailer") ? known::trailer : is("Upgrade") ? known::upgrade : known::other;
        case 9:
            return is("X-Api-Key") ? known::x_api_key : known::other;
        case 10:
            return is("User-Agent")   ? known::user_agent
                   : is("X-Sdk-Date") ? known::x_sdk_date
                   : is("Connection") ? known::connection
                   : is("X-Language") ? known::x_language
                   : is("tracestate") ? known::tracestate
                   : is("Keep-Alive") ? known::keep_alive
                                      : known::other;
        case 11:
            return is("traceparent") ? known::traceparent : known::other;
        case 12:
            return is("Content-Type")   ? known::content_type
                   : is("X-Request-Id") ? known::x_request_id
                   : is("X-Auth-Token") ? known::x_auth_token
                                        : known::other;
        case 13:
            return is("Authorization") ? known::authorization : known::other;
        case 14:
            return is("Content-Length")   ? known::content_length
                   : is("X-Client-Token") ? known::x_client_token
                                          : known::other;
        case 16:
            return is("X-Security-Token")   ? known::x_security_token
                   : is("Proxy-Connection") ? known::proxy_connection
                                            : known::other;
        case 17:
            return is("Transfer-Encoding") ? known::transfer_encoding : known::other;
        case 18:
            return is("Proxy-Authenticate") ? known::proxy_authenticate : known::other;
        case 19:
            return is("Proxy-Authorization") ? known::proxy_authorization : known::other;
        case 20:
            return is("X-Sdk-Content-Sha256") ? known::x_sdk_content_sha256 : known::other;
        default:
            return known::other;
    }
}

void field_list::clear() noexcept {
    fields_.clear();
    names_.clear();
    places_ = {};
    repeated_ = 0;
}

known field_list::add(const field& one) {
    const known name = which(one.name);
    fields_.push_back(one);
    names_.push_back(name);
    auto& place = places_[static_cast<std::size_t>(name)];
    if (place != 0) repeated_ |= known_names::bit(name);
    if (place == 0) place = static_cast<std::uint8_t>(fields_.size());
    return name;
}

}  // namespace gateway::message
