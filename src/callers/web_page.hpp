#pragma once
// Whether a web page may be behind a request. A page can make its reader's browser send requests to whatever the
// browser reaches: to a listener on the reader's machine, and with the reader's client certificate. So neither is a
// proof for a request of a page. A page can't omit or choose the fields by which the browser shows the page's origin:
// they are forbidden header names (Fetch Standard, 2.2.2).

#include <optional>
#include <span>
#include <string>

#include "gateway/base/field.hpp"
#include "gateway/callers/auth_failure.hpp"

namespace gateway::callers {

// A page of another origin: `Origin`, or `Sec-Fetch-Site` (Fetch Metadata, 2.3) other than `none` (typed by the user)
// and `same-origin`.
[[nodiscard]] bool comes_from_another_origin(std::span<const field> fields) noexcept;

// A page whose own host name now has our address (DNS rebinding): `Host` is neither an address nor localhost nor one of
// `known` (lower case). A request without Host is no browser's.
[[nodiscard]] bool names_a_foreign_host(std::span<const field> fields, std::span<const std::string> known) noexcept;

}  // namespace gateway::callers
