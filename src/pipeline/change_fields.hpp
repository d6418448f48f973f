#pragma once
// The header fields by which a caller says more of a change: its key, and the unknown change whose server it takes
// over. They are for the gateway itself (docs/changes.md). Pure.

#include <string>
#include <string_view>

#include "gateway/message/field_list.hpp"

namespace gateway::pipeline {

struct change_fields {
    std::string key;           // of Idempotency-Key or X-Client-Token, which mean the same; empty: none
    std::string after;         // of X-Gateway-After: the id of a change; empty: none
    std::string_view problem;  // what is malformed, as a sentence; empty: nothing
};

// A key is 1 to 255 visible ASCII characters, bare or as a quoted string of Structured Fields (RFC 8941, 3.3.3): both
// spellings of one key are the same key.
[[nodiscard]] change_fields read_change_fields(const message::field_list& fields);

}  // namespace gateway::pipeline
