#include "gateway/pipeline/answers.hpp"

#include "gateway/base/time.hpp"
#include "gateway/credentials/iam.hpp"

namespace gateway::pipeline::answers {

using callers::auth_failure;

namespace {

answer_code code_of(message::fault fault) noexcept {
    switch (fault) {
        case message::fault::malformed:
            break;
        case message::fault::method_too_long:
        case message::fault::unknown_transfer_coding:
            return answer_code::unknown_coding;
        case message::fault::line_too_long:
            return answer_code::line_too_long;
        case message::fault::header_too_long:
            return answer_code::header_too_long;
        case message::fault::unknown_expectation:
            return answer_code::unknown_expectation;
        case message::fault::body_too_large:
            return answer_code::body_too_large;
    }
    return answer_code::malformed;
}

answer_code code_of(http::session_fault fault) noexcept {
    return fault == http::session_fault::timed_out ? answer_code::timed_out : answer_code::no_capacity;
}

}  // namespace

own_answer calls_not_recorded() {
    return {.code = answer_code::no_capacity,
            .message = "the gateway can't record calls just now, so it takes none",
            .allow = {},
            .retry_after = std::chrono::seconds(5)};
}

own_answer rejected_request(const http::rejection& rejected) {
    own_answer answer;
    answer.code = std::visit([](auto fault) { return code_of(fault); }, rejected.fault);
    answer.message = rejected.reason;
    if (answer.code == answer_code::malformed) answer.message.insert(0, "this is not a well-formed HTTP request: ");
    if (answer.code == answer_code::no_capacity) answer.retry_after = std::chrono::seconds(1);
    return answer;
}

// RFC 9110, 9.3.7: what the server as a whole can do.
own_answer server_options() {
    return {.code = answer_code::server_options, .message = {}, .allow = "GET, POST, OPTIONS"};
}

own_answer no_operation(std::string_view problem) {
    return {.code = answer_code::no_operation, .message = std::string(problem), .allow = {}};
}

own_answer wrong_method(const std::string& allow) {
    return {.code = answer_code::wrong_method, .message = "this path is for " + allow, .allow = allow};
}

own_answer query_not_expected() { return no_operation("this operation takes no query string: leave it out"); }

own_answer malformed_query(std::string_view problem) {
    return {.code = answer_code::malformed, .message = std::string(problem), .allow = {}};
}

own_answer not_authenticated(auth_failure cause, std::chrono::sys_seconds now) {
    switch (cause) {
        case auth_failure::outside_window:
            return {.code = answer_code::outside_window,
                    .message = "X-Sdk-Date is further from the gateway's time, " + sdk_date(now) +
                               ", than signature_window allows: set the clock and sign again",
                    .allow = {}};
        case auth_failure::page_of_another_origin:
            return {.code = answer_code::borrowed_proof,
                    .message =
                        "the request comes from a web page of another origin (Origin, Sec-Fetch-Site), and what "
                        "would prove its caller belongs to the connection: call from a program, or with a key",
                    .allow = {}};
        case auth_failure::foreign_host:
            return {.code = answer_code::borrowed_proof,
                    .message =
                        "Host is not the gateway's: call it by its address or as localhost, or have the name added "
                        "to the listener's `hosts`",
                    .allow = {}};
        default:
            return {.code = answer_code::not_authenticated,
                    .message =
                        "the caller is not authenticated: send exactly one proof that the gateway knows, a "
                        "signature with a key that it issued or an API key, and the client certificate or unix "
                        "user that goes with it",
                    .allow = {}};
    }
}

own_answer body_not_expected() {
    return {.code = answer_code::bad_body, .message = "this operation takes no body: leave it out", .allow = {}};
}

own_answer wrong_media_type() {
    return {.code = answer_code::wrong_media_type,
            .message =
                "the body must be JSON in UTF-8: send Content-Type: application/json, with no charset or "
                "charset=UTF-8",
            .allow = {}};
}

own_answer bad_body(std::string_view json_pointer, std::string_view problem) {
    std::string message(json_pointer.empty() ? "the body" : json_pointer);
    message.append(": ").append(problem);
    return {.code = answer_code::bad_body, .message = std::move(message), .allow = {}};
}

own_answer unknown_member(std::string denial) {
    return {.code = answer_code::bad_body, .message = std::move(denial), .allow = {}};
}

own_answer unknown_project() {
    return {.code = answer_code::unknown_project,
            .message =
                "the project of the path is in no account of this gateway: add it to `accounts`, or correct the path",
            .allow = {}};
}

own_answer denied(std::string denial) {
    return {.code = answer_code::denied, .message = std::move(denial), .allow = {}};
}

own_answer over_rate(std::string_view rule, std::chrono::seconds retry_after) {
    return {.code = answer_code::over_rate,
            .message = std::string("rule ").append(rule) + " lets this caller do no more calls just now (rate)",
            .allow = {},
            .retry_after = retry_after};
}

own_answer too_many_in_flight(std::string_view rule, std::chrono::seconds retry_after) {
    return {.code = answer_code::over_rate,
            .message = std::string("rule ").append(rule) +
                       " has as many calls of this caller under way as it may (max_in_flight)",
            .allow = {},
            .retry_after = retry_after};
}

own_answer no_credential(std::string_view credential, std::string_view reason, std::chrono::seconds retry_after) {
    return {.code = answer_code::no_credential,
            .message = std::string("credential ").append(credential).append(" can't be used just now: ").append(reason),
            .allow = {},
            .retry_after = retry_after};
}

own_answer credential_refused(std::string_view credential, std::chrono::seconds clock_skew) {
    return {.code = answer_code::credential_refused,
            .message = std::string("the cloud did not accept the gateway's credential ").append(credential) +
                       "; nothing was done. The gateway's operator has to look at it, its outcome log tells why" +
                       credentials::clock_remark(clock_skew),
            .allow = {}};
}

own_answer failed_exchange(const upstream::failure& failure) {
    own_answer answer;
    const bool sent = failure.delivery == delivery::unknown;
    answer.cloud = sent ? delivery::unknown : delivery::not_sent;
    answer.code = failure.timed_out && sent ? answer_code::cloud_timed_out : answer_code::unreachable;
    answer.message = answer.code == answer_code::cloud_timed_out
                         ? "the region's endpoint did not answer in time ("
                         : "the region's endpoint can't be reached, or its answer is not HTTP (";
    answer.message += failure.text();
    answer.message += ')';
    return answer;
}

}  // namespace gateway::pipeline::answers
