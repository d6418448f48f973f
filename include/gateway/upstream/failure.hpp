#pragma once
// How an exchange with the cloud can fail: where, whether the cloud can have acted, and why. `pipeline` alone turns it
// into an answer.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/delivery.hpp"

namespace gateway::upstream {

enum class step : std::uint8_t { resolve, connect, handshake, write, read, parse };

struct failure {
    upstream::step step = upstream::step::connect;
    gateway::delivery delivery = gateway::delivery::not_sent;
    bool timed_out = false;
    boost::system::error_code cause;
    // More than `cause` tells: what can't be parsed, what is wrong with a certificate. Static text.
    std::string_view detail;

    [[nodiscard]] std::string text() const;  // "connect: Connection refused"
};
[[noreturn]] void throw_exception_from_error(const failure& error, const boost::source_location& location);

template <class T>
using result = boost::system::result<T, failure>;

}  // namespace gateway::upstream
