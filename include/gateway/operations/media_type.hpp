#pragma once
// The media type of a body: a body that is checked as JSON in UTF-8 must not be read as anything else by the cloud.

#include <string_view>

namespace gateway::operations {

// Whether a Content-Type (RFC 9110, 8.3) says application/json, with no charset or with UTF-8 ("utf8", as some SDKs
// spell it, included); names and charset in any case, the charset perhaps as a quoted-string. Other parameters are
// passed over. False for what is no media type and for a charset that occurs twice.
[[nodiscard]] bool is_json_in_utf8(std::string_view content_type) noexcept;

}  // namespace gateway::operations
