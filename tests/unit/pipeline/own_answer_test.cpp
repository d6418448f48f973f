#include "gateway/pipeline/own_answer.hpp"

#include <gtest/gtest.h>

namespace gateway::pipeline {
namespace {

struct row {
    answer_code code;
    unsigned status;
    std::string_view name;
};

TEST(own_answers, have_the_documented_statuses_and_codes) {
    for (const row& r : {row{answer_code::malformed, 400, "Gateway.0001"},
                         row{answer_code::bad_body, 400, "Gateway.0002"},
                         row{answer_code::malformed_field, 400, "Gateway.0003"},
                         row{answer_code::not_authenticated, 401, "Gateway.0101"},
                         row{answer_code::outside_window, 401, "Gateway.0102"},
                         row{answer_code::denied, 403, "Gateway.0201"},
                         row{answer_code::unknown_project, 403, "Gateway.0202"},
                         row{answer_code::frozen, 403, "Gateway.0203"},
                         row{answer_code::key_required, 400, "Gateway.0204"},
                         row{answer_code::borrowed_proof, 403, "Gateway.0206"},
                         row{answer_code::no_operation, 404, "Gateway.0301"},
                         row{answer_code::wrong_method, 405, "Gateway.0302"},
                         row{answer_code::no_change, 404, "Gateway.0303"},
                         row{answer_code::timed_out, 408, "Gateway.0401"},
                         row{answer_code::body_too_large, 413, "Gateway.0402"},
                         row{answer_code::line_too_long, 414, "Gateway.0403"},
                         row{answer_code::header_too_long, 431, "Gateway.0403"},
                         row{answer_code::unknown_expectation, 417, "Gateway.0404"},
                         row{answer_code::unknown_coding, 501, "Gateway.0404"},
                         row{answer_code::over_rate, 429, "Gateway.0405"},
                         row{answer_code::wrong_media_type, 415, "Gateway.0406"},
                         row{answer_code::unreachable, 502, "Gateway.0501"},
                         row{answer_code::no_credential, 503, "Gateway.0502"},
                         row{answer_code::no_capacity, 503, "Gateway.0503"},
                         row{answer_code::cloud_timed_out, 504, "Gateway.0504"},
                         row{answer_code::credential_refused, 502, "Gateway.0505"},
                         row{answer_code::no_ledger, 503, "Gateway.0506"},
                         row{answer_code::server_busy, 409, "Gateway.0601"},
                         row{answer_code::other_request, 422, "Gateway.0602"},
                         row{answer_code::first_unknown, 409, "Gateway.0603"},
                         row{answer_code::signature_used_up, 409, "Gateway.0605"},
                         row{answer_code::no_kept_answer, 409, "Gateway.0606"},
                         row{answer_code::first_sending, 409, "Gateway.0607"}}) {
        EXPECT_EQ(status_of(r.code), r.status) << r.name;
        EXPECT_EQ(name_of(r.code), r.name);
    }
}

TEST(own_answers, are_written_in_the_clouds_error_shape) {
    std::string out;
    const own_answer a{.code = answer_code::wrong_method,
                       .message = "say \"GET\"",
                       .allow = "GET, POST",
                       .retry_after = std::chrono::seconds(7)};
    write_own_answer(out, a, "id", true, std::chrono::system_clock::time_point(std::chrono::seconds(784111777)));
    EXPECT_EQ(
        out,
        "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
        "Content-Length: 57\r\nX-Gateway-Request-Id: id\r\nX-Request-Id: id\r\nX-Gateway-Outcome: not_sent\r\nAllow: "
        "GET, "
        "POST\r\nRetry-After: 7\r\n"
        "Connection: close\r\n\r\n"
        R"({"error":{"code":"Gateway.0302","message":"say \"GET\""}})");
}

TEST(own_answers, say_of_a_change_in_words_what_their_fields_say) {
    own_answer a{.code = answer_code::unreachable, .message = "why", .allow = {}, .cloud = delivery::unknown};
    a.change = {.id = "4f2a", .state = "unknown", .busy_with = {}, .awaiting_payment = "77aa"};
    std::string out;
    write_own_answer(out, a, "id", false, {});
    EXPECT_NE(out.find("\r\nX-Gateway-Change-Id: 4f2a\r\nX-Gateway-Change-State: unknown\r\n"
                       "X-Gateway-Awaiting-Payment: 77aa\r\n"),
              std::string::npos);
    EXPECT_TRUE(
        message_of(a).ends_with(". Its change is 4f2a, its state unknown. An earlier change of the server, 77aa, "
                                "awaits payment"))
        << message_of(a);
    a.message = "it is change 4f2a";
    EXPECT_EQ(message_of(a).find("Its change"), std::string::npos) << "not twice";
    a.message.clear();
    a.document = own_document{.status = 200, .content_type = "application/json", .body = "{}"};
    EXPECT_EQ(message_of(a), "") << "the answer of an earlier call is none of the gateway's own";
}

TEST(own_answers, of_a_repeat_are_those_of_the_first) {
    own_answer a{.code = answer_code::document, .message = {}, .allow = {}, .cloud = delivery::answered};
    a.change = {.id = "4f2a", .state = "accepted", .busy_with = {}, .awaiting_payment = {}, .is_replayed = true};
    a.document = own_document{.status = 202, .content_type = "text/plain", .body = "as it was"};
    std::string out;
    write_own_answer(out, a, "id", false, std::chrono::system_clock::time_point(std::chrono::seconds(784111777)));
    EXPECT_EQ(out,
              "HTTP/1.1 202 Accepted\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n"
              "Content-Length: 9\r\nX-Gateway-Request-Id: id\r\nX-Request-Id: id\r\nX-Gateway-Outcome: answered\r\n"
              "X-Gateway-Change-Id: 4f2a\r\nX-Gateway-Change-State: accepted\r\nIdempotent-Replayed: true\r\n\r\n"
              "as it was");
    EXPECT_EQ(status_of(a), 202U);
}

// No SDK shows X-Gateway-Outcome.
TEST(own_answers, of_5xx_say_in_words_whether_the_cloud_may_have_acted) {
    for (const auto code : {answer_code::unreachable, answer_code::no_credential, answer_code::no_capacity,
                            answer_code::cloud_timed_out}) {
        EXPECT_EQ(message_of({.code = code, .message = "why", .allow = {}, .cloud = delivery::not_sent}),
                  "why. Nothing was sent: the call can be repeated");
        EXPECT_EQ(message_of({.code = code, .message = "why", .allow = {}, .rejected_by_cloud = true}),
                  "why. The call was sent, and the cloud turned it away before doing anything: it can be repeated");
        EXPECT_EQ(message_of({.code = code, .message = "why", .allow = {}, .cloud = delivery::unknown}),
                  "why. The call was or may have been sent: look at the server's state before you repeat it");
        EXPECT_EQ(
            message_of(
                {.code = code, .message = "why", .allow = {}, .cloud = delivery::unknown, .rejected_by_cloud = true}),
            "why. The call was or may have been sent: look at the server's state before you repeat it");
    }
    for (const auto code : {answer_code::denied, answer_code::not_authenticated, answer_code::credential_refused,
                            answer_code::unknown_coding})
        EXPECT_EQ(message_of({.code = code, .message = "why", .allow = {}}), "why");
}

}  // namespace
}  // namespace gateway::pipeline
