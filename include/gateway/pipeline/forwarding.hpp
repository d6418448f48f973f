#pragma once
// Which of the caller's header fields reach the cloud, and which of the cloud's the caller. All others are removed:
// above all the proof of the caller, and the fields of a connection.

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/message/head.hpp"

namespace gateway::pipeline {

// Appends the caller's fields that are passed on ("User-Agent: …\r\n"), in the order the caller sent them; those that
// hold anything but visible ASCII stay here. Tells whether a traceparent is among them.
[[nodiscard]] bool append_forwarded(std::string& out, const message::field_list& fields);

// The head of an answer handed back: status and end-to-end fields as they came, save those that concern the gateway and
// the cloud alone; a Date (`now`) where it has none; then Via, X-Gateway-Request-Id and `added_fields`, which have
// their line ends. Its framing is this connection's own: `length` bytes, or chunked, or until the connection closes.
struct response_framing {
    enum class kind { none, length, chunked, until_close } type = kind::length;
    std::uint64_t length = 0;
    bool close = false;
};
void write_response_head(std::string& target, const message::response_head& response, std::string_view request_id,
                         std::string_view added_fields, const response_framing& framing,
                         std::chrono::system_clock::time_point now);

// The cloud's message without what it may echo of the gateway's own credential: the access key is cut out, and the
// canonical request with all that follows it.
[[nodiscard]] std::string without_credential(std::string_view message, std::string_view access_key);

// Whether the message of a 401 says that the token or temporary pair has expired or was revoked: nothing was done, and
// a fresh one will do. Everything else (a wrong signature, a locked key, a wrong clock) will not get better by
// renewing. Source: the vendor's FAQ "How Do I Handle the Error APIG.0301?".
[[nodiscard]] bool says_expired(std::string_view message, bool is_token) noexcept;

}  // namespace gateway::pipeline
