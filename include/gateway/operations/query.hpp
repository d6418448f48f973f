#pragma once
// The query string of a call, which is passed on and signed: only queries that every signer canonicalises alike.

#include <string_view>

namespace gateway::operations {

// Why a query is rejected, or empty. Accepted is a list of NAME or NAME=VALUE between '&', each name once and of
// unreserved characters (RFC 3986, 2.3), each value of visible ASCII, percent-escaped (%20 for a space, %2B for a plus)
// where RFC 3986 asks for it. A text of ours.
[[nodiscard]] std::string_view query_problem(std::string_view query) noexcept;

}  // namespace gateway::operations
