#pragma once
// The two ways this program writes a time, both UTC.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gateway {

// X-Sdk-Date: 20261123T100000Z
[[nodiscard]] std::string sdk_date(std::chrono::sys_seconds at);
// Reads exactly that form; nothing for any other text or for a date that does not exist.
[[nodiscard]] std::optional<std::chrono::sys_seconds> read_sdk_date(std::string_view text);

// RFC 3339 with microseconds, appended: 2026-11-23T10:00:00.000000Z
void append_rfc3339(std::string& to, std::chrono::system_clock::time_point at);

}  // namespace gateway
