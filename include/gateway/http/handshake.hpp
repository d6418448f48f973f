#pragma once
// TLS handshakes of callers that failed: why, for the log, and how many, for the metric.

#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::http {

enum class handshake_failure : std::uint8_t {
    timed_out,
    closed,          // the caller closed the connection in the middle
    crowded_out,     // too many were unfinished: it made room
    plain_http,      // no hello came but an HTTP request
    no_certificate,  // the listener asks for one
    certificate,     // the caller's can't be verified
    alert,           // the caller gave up: it does not take the gateway's certificate, say
    protocol,        // no version, cipher or application protocol in common, or no TLS at all
    other
};
[[nodiscard]] std::string_view name_of(handshake_failure failure) noexcept;  // "timed_out", …

struct failed_handshake {
    handshake_failure reason = handshake_failure::other;
    std::string text;  // of OpenSSL, with the verifier's where a certificate is refused
};

// `ec` is what the handshake of `ssl` ended with.
[[nodiscard]] failed_handshake explain(const boost::system::error_code& ec, const SSL* ssl);

// By listener and reason; from any thread. Only a handshake that failed takes its lock.
class handshake_failures {
public:
    using key = std::pair<std::string, handshake_failure>;
    void add(std::string_view listener, handshake_failure reason);
    [[nodiscard]] std::map<key, std::uint64_t> read() const;

private:
    mutable std::mutex lock_;
    std::map<key, std::uint64_t> counts_;  // a few for each listener of the configuration
};

}  // namespace gateway::http
