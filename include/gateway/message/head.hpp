#pragma once
// The head of an HTTP/1.1 message, read so that no other parser can read it differently: lines and fields by the letter
// of the RFCs (lines.cpp, head.cpp), the first line by Beast's parser, then the rules of framing (framing.cpp), each
// with its section. Pure: bytes in, values out. Everything is a view into the bytes that were parsed.

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/message/field_list.hpp"

namespace gateway::message {

// The kinds of problem of a message. Each has its own answer.
enum class fault : std::uint8_t {
    malformed,
    method_too_long,
    line_too_long,
    header_too_long,
    unknown_transfer_coding,
    unknown_expectation,
    body_too_large,
};

struct problem {
    fault kind = fault::malformed;
    std::string_view reason;  // a sentence of ours, static text
};

enum class body_framing : std::uint8_t { none, length, chunked, until_close };

struct framing {
    body_framing body = body_framing::none;
    std::uint64_t length = 0;  // of a body with Content-Length
    bool keep_alive = false;   // the connection may be used again after this message
};

struct request_head {
    std::string_view method;
    std::string_view target;  // as it stands in the request line
    std::string_view path;    // the target's, without scheme, authority and query
    std::string_view query;   // without '?'
    bool http_1_1 = true;
    bool expects_continue = false;
    message::framing framing;
    field_list fields;  // all of them, in order
};

struct response_head {
    unsigned status = 0;
    bool http_1_1 = true;
    message::framing framing;
    field_list fields;
};

inline constexpr std::size_t max_fields = 100;
// Twice the longest that is registered (RFC 9110, 16.1.1), UPDATEREDIRECTREF.
inline constexpr std::size_t max_method_length = 34;

// The length of the head that `bytes` begin with, its empty line included; 0 when its end is not there yet.
// `seen` bytes were looked at by an earlier call.
[[nodiscard]] std::size_t head_length(std::string_view bytes, std::size_t seen = 0) noexcept;

// Parses a whole head (head_length() bytes). `result` keeps its memory between calls.
[[nodiscard]] std::optional<problem> parse_request_head(std::string_view head, request_head& result);
[[nodiscard]] std::optional<problem> parse_response_head(std::string_view head, response_head& result);

// Whether Connection names this field or option, in any case (RFC 9110, 7.6.1).
[[nodiscard]] bool connection_names(const field_list& fields, std::string_view option) noexcept;

// Whether the field at that place belongs to the connection and not to the message (RFC 9110, 7.6.1): the known ones,
// and those that Connection names.
[[nodiscard]] bool is_hop_by_hop(const field_list& fields, std::size_t index) noexcept;

}  // namespace gateway::message
