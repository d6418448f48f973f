#pragma once
// The record of a call, and its line: one JSON object on one line, keys in the order of docs/outcomes.md.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/delivery.hpp"

namespace gateway::outcome {

enum class decision : std::uint8_t { rejected, denied, allowed };

[[nodiscard]] std::string_view name_of(decision decision) noexcept;

// Views into bytes that live until the record is written. What is empty or absent has no key in the line.
// Text from outside may hold any byte: it is escaped, and cut where it is longer than any line should be.
struct record {
    std::chrono::system_clock::time_point time;
    std::string_view request_id, peer, listener, caller, proof;
    std::string_view operation, api_version, project_id, server_id, job_id;
    std::string_view account, credential, region, rule, shadow;
    std::string_view flavor;
    std::optional<bool> auto_pay;
    std::string_view mode;
    std::optional<bool> dry_run;
    decision decided = decision::rejected;
    unsigned status = 0;
    std::string_view code, message;
    unsigned upstream_status = 0;
    std::string_view upstream_request_id, result_job_id, result_order_id;
    delivery outcome = delivery::not_sent;
    std::uint64_t bytes_in = 0, bytes_out = 0;  // of the whole request and the whole answer, heads included
    std::chrono::microseconds duration{};
    std::optional<std::chrono::microseconds> upstream;
    std::string_view trace_id;  // W3C Trace Context
    // Of a call that was not authenticated: why, and the access key that it named.
    std::string_view auth_failure, access_key;
    // Of a change: its id and state; of a repeat, those of the first.
    std::string_view change_id, change_state;
    bool replayed = false;  // a repeat
    std::string_view idempotency_key;
};

// Appends the line with its LF. At most `longest_line` bytes.
inline constexpr std::size_t longest_line = 48 * 1024;
void append_line(std::string& target, const record& r);

// The last key of a line that stands for several calls, to a line without its closing brace.
void append_repeated(std::string& target, std::uint64_t calls);

}  // namespace gateway::outcome
