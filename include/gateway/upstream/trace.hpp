#pragma once
// W3C Trace Context (https://www.w3.org/TR/trace-context/): a call belongs to the trace that its caller named, or else
// to one that begins here.

#include <string>
#include <string_view>

namespace gateway::upstream {

// The trace-id of a `traceparent` (3.2.2: "00-<32 hex>-<16 hex>-<2 hex>", of later versions perhaps with more behind);
// empty when it is none, which all zeros are not either.
[[nodiscard]] std::string_view trace_id_of(std::string_view traceparent) noexcept;

// Appends "traceparent: 00-…\r\n" of a trace that begins here. `trace_id`: 32 hex digits, of which the last 16, which
// are not all 0, are the parent-id, too. It is not marked as sampled: nobody has recorded a span.
void append_traceparent(std::string& out, std::string_view trace_id);

}  // namespace gateway::upstream
