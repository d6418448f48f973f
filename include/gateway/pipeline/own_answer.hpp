#pragma once
// An answer of the gateway's own: the codes of docs/answers.md, and how one is written. answers.hpp has those
// that there are.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/delivery.hpp"

namespace gateway::pipeline {

// One for each row; 0403 and 0404 have two statuses.
enum class answer_code : std::uint8_t {
    malformed,            // 0001
    bad_body,             // 0002
    not_authenticated,    // 0101
    outside_window,       // 0102
    replayed,             // 0103
    denied,               // 0201
    unknown_project,      // 0202
    borrowed_proof,       // 0206
    no_operation,         // 0301
    wrong_method,         // 0302
    timed_out,            // 0401
    body_too_large,       // 0402
    line_too_long,        // 0403, 414
    header_too_long,      // 0403, 431
    unknown_expectation,  // 0404, 417
    unknown_coding,       // 0404, 501
    over_rate,            // 0405
    wrong_media_type,     // 0406
    unreachable,          // 0501
    no_credential,        // 0502
    no_capacity,          // 0503
    cloud_timed_out,      // 0504
    credential_refused,   // 0505
    server_options,       // 204, to OPTIONS *
};

[[nodiscard]] unsigned status_of(answer_code code) noexcept;
[[nodiscard]] std::string_view name_of(answer_code code) noexcept;  // "Gateway.0101"

struct own_answer {
    answer_code code = answer_code::malformed;
    std::string message;                  // what is wrong and what to do; no secret, no stop at its end
    std::string allow;                    // of a 405, and to OPTIONS *
    std::chrono::seconds retry_after{0};  // 0: no such header
    // What X-Gateway-Outcome says: not_sent also where the cloud rejected the call before doing anything.
    delivery cloud = delivery::not_sent;
    bool rejected_by_cloud = false;  // it was sent once, and the cloud's answer was that it did nothing
};

// The message for the caller: of a 5xx with the sentence that says whether the cloud may have acted.
[[nodiscard]] std::string message_of(const own_answer& answer);

// Head and body, ready to send. `close`: the connection ends with this answer.
void write_own_answer(std::string& out, const own_answer& answer, std::string_view request_id, bool close,
                      std::chrono::system_clock::time_point now);

}  // namespace gateway::pipeline
