#include "gateway/upstream/trace.hpp"

#include <algorithm>

#include "gateway/base/append.hpp"

namespace gateway::upstream {

using namespace std::string_view_literals;

namespace {

// 3.2.2: lower case only.
constexpr bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool all_hex(std::string_view text) { return std::all_of(text.begin(), text.end(), is_hex); }
bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

constexpr std::size_t length_of_00 = 55;

}  // namespace

std::string_view trace_id_of(std::string_view traceparent) noexcept {
    if (traceparent.size() < length_of_00) return {};
    const auto version = traceparent.substr(0, 2), trace_id = traceparent.substr(3, 32);
    const auto parent_id = traceparent.substr(36, 16), flags = traceparent.substr(53, 2);
    const bool dashes = traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-';
    if (!dashes || !all_hex(version) || !all_hex(trace_id) || !all_hex(parent_id) || !all_hex(flags)) return {};
    if (version == "ff" || all_zero(trace_id) || all_zero(parent_id)) return {};
    if (traceparent.size() > length_of_00 && (version == "00" || traceparent[length_of_00] != '-')) return {};
    return trace_id;
}

void append_traceparent(std::string& out, std::string_view trace_id) {
    append(out, "traceparent: 00-"sv, trace_id, "-"sv, trace_id.substr(16), "-00\r\n"sv);
}

}  // namespace gateway::upstream
