#pragma once
// Whether a web page may be behind a request. A page makes its reader's browser send requests to whatever the browser
// reaches: to a listener on the reader's machine, and with the reader's client certificate. What belongs to the
// connection (those two) is no proof of what the page asks for. What a page can't do is to leave out or to choose the
// fields by which the browser tells of it: they are forbidden header names (Fetch Standard, 2.2.2).

#include <optional>
#include <span>
#include <string>

#include "gateway/base/field.hpp"
#include "gateway/callers/auth_failure.hpp"

namespace gateway::callers {

// A page of another origin: `Origin`, or `Sec-Fetch-Site` (Fetch Metadata, 2.3) other than `none` (typed by the user)
// and `same-origin`.
[[nodiscard]] bool comes_from_another_origin(std::span<const field> fields) noexcept;

// A page of the same origin, but under a name that its owner lets point here (DNS rebinding): `Host` is neither an
// address nor localhost nor one of `known` (lower case). A request without Host is no browser's.
[[nodiscard]] bool names_a_foreign_host(std::span<const field> fields, std::span<const std::string> known) noexcept;

}  // namespace gateway::callers
