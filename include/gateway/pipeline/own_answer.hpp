#pragma once
// An answer of the gateway's own: the codes of docs/answers.md, and how one is written. answers.hpp has those
// that there are.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/delivery.hpp"

namespace gateway::pipeline {

// One for each row; 0403 and 0404 have two statuses.
enum class answer_code : std::uint8_t {
    malformed,            // 0001
    bad_body,             // 0002
    malformed_field,      // 0003
    not_authenticated,    // 0101
    outside_window,       // 0102
    denied,               // 0201
    unknown_project,      // 0202
    frozen,               // 0203
    key_required,         // 0204
    borrowed_proof,       // 0206
    no_operation,         // 0301
    wrong_method,         // 0302
    no_change,            // 0303
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
    no_ledger,            // 0506
    server_busy,          // 0601
    other_request,        // 0602
    first_unknown,        // 0603
    signature_used_up,    // 0605
    no_kept_answer,       // 0606
    first_sending,        // 0607
    server_options,       // 204, to OPTIONS *
    document,             // own_answer::document
};

[[nodiscard]] unsigned status_of(answer_code code) noexcept;
[[nodiscard]] std::string_view name_of(answer_code code) noexcept;  // "Gateway.0101"

// The part of an answer that is about changes, in fields and in the words of the message: SDKs show no fields.
struct change_note {
    std::string id;                // X-Gateway-Change-Id
    std::string_view state;        // X-Gateway-Change-State
    std::string busy_with;         // X-Gateway-Busy-With: the id of the change that holds the server
    std::string awaiting_payment;  // X-Gateway-Awaiting-Payment: the id of an earlier change of the server
    bool is_replayed = false;      // Idempotent-Replayed: the answer is that of an earlier call
};

// A body other than an error's.
struct own_document {
    unsigned status = 200;
    std::string content_type, body;
};

struct own_answer {
    answer_code code = answer_code::malformed;
    std::string message;                  // what is wrong and what to do; no secret, no stop at its end
    std::string allow;                    // of a 405, and to OPTIONS *
    std::chrono::seconds retry_after{0};  // 0: no such header
    // What X-Gateway-Outcome says: not_sent also where the cloud rejected the call before doing anything.
    delivery cloud = delivery::not_sent;
    bool rejected_by_cloud = false;  // it was sent once, and the cloud's answer was that it did nothing
    change_note change{};
    std::optional<own_document> document{};  // in place of code and message
};
[[nodiscard]] unsigned status_of(const own_answer& answer) noexcept;

// The message for the caller: of a 5xx with the sentence that says whether the cloud may have acted.
[[nodiscard]] std::string message_of(const own_answer& answer);

// Appends the fields that it has, each with its line end. The values are ids and words of ours.
void append_change_fields(std::string& out, const change_note& note);

// Head and body, ready to send. `close`: the connection ends with this answer.
void write_own_answer(std::string& out, const own_answer& answer, std::string_view request_id, bool close,
                      std::chrono::system_clock::time_point now);

}  // namespace gateway::pipeline
