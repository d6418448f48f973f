#pragma once
// The ways this program writes and reads times, all of them UTC.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gateway {

// X-Sdk-Date: 20261123T100000Z
[[nodiscard]] std::string sdk_date(std::chrono::sys_seconds time);
// Reads exactly that form; nothing for any other text or for a date that does not exist.
[[nodiscard]] std::optional<std::chrono::sys_seconds> read_sdk_date(std::string_view text);

// RFC 3339 with microseconds, appended: 2026-11-23T10:00:00.000000Z
void append_rfc3339(std::string& out, std::chrono::system_clock::time_point time);
// Reads RFC 3339 in UTC with or without a fraction, as the cloud's expires_at has it: 2020-01-04T09:05:22.701000Z
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> read_rfc3339(std::string_view text);

// Reads the Date header (RFC 9110, 5.6.7, IMF-fixdate): Sun, 06 Nov 1994 08:49:37 GMT
[[nodiscard]] std::optional<std::chrono::sys_seconds> read_http_date(std::string_view text);

}  // namespace gateway
