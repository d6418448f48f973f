#include "gateway/pipeline/answers.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace gateway::pipeline {
namespace {

using callers::auth_failure;
using callers::auth_failure_names;
using namespace std::chrono_literals;

const std::chrono::sys_seconds now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 10h;

TEST(answers_to_failed_authentication, tells_the_caller_one_thing_of_all_causes_that_would_help_a_guesser) {
    const std::set<auth_failure> told{auth_failure::outside_window, auth_failure::page_of_another_origin,
                                      auth_failure::foreign_host};
    const std::string one = answers::not_authenticated(auth_failure::no_proof, now).message;
    for (std::size_t i = 0; i < auth_failure_names.size(); ++i) {
        const auto failure = static_cast<auth_failure>(i);
        if (told.contains(failure)) continue;
        const own_answer answer = answers::not_authenticated(failure, now);
        EXPECT_EQ(answer.code, answer_code::not_authenticated) << name_of(failure);
        EXPECT_EQ(answer.message, one) << name_of(failure);
        EXPECT_EQ(answer.cloud, delivery::not_sent) << name_of(failure);
    }
}

TEST(answers_to_failed_authentication, tells_who_holds_the_key_what_to_do) {
    const own_answer outside_window = answers::not_authenticated(auth_failure::outside_window, now);
    EXPECT_EQ(outside_window.code, answer_code::outside_window);
    EXPECT_NE(outside_window.message.find("20261123T100000Z"), std::string::npos);
    for (const auto failure : {auth_failure::page_of_another_origin, auth_failure::foreign_host}) {
        EXPECT_EQ(name_of(answers::not_authenticated(failure, now).code), "Gateway.0206");
        EXPECT_EQ(status_of(answers::not_authenticated(failure, now).code), 403U);
    }
    EXPECT_NE(answers::not_authenticated(auth_failure::foreign_host, now).message.find("`hosts`"), std::string::npos);
}

struct rejected_case {
    http::rejection rejected;
    answer_code code;
    std::string_view message;
    int retry_after;  // seconds
};

TEST(rejected_requests, get_the_answer_of_their_fault) {
    using http::session_fault;
    using message::fault;
    for (const auto& c : {
             rejected_case{
                 {fault::malformed, "why"}, answer_code::malformed, "this is not a well-formed HTTP request: why", 0},
             rejected_case{{fault::method_too_long, "why"}, answer_code::unknown_coding, "why", 0},
             rejected_case{{fault::line_too_long, "why"}, answer_code::line_too_long, "why", 0},
             rejected_case{{fault::header_too_long, "why"}, answer_code::header_too_long, "why", 0},
             rejected_case{{fault::unknown_transfer_coding, "why"}, answer_code::unknown_coding, "why", 0},
             rejected_case{{fault::unknown_expectation, "why"}, answer_code::unknown_expectation, "why", 0},
             rejected_case{{fault::body_too_large, "why"}, answer_code::body_too_large, "why", 0},
             rejected_case{{session_fault::timed_out, "why"}, answer_code::timed_out, "why", 0},
             rejected_case{{session_fault::over_capacity, "why"}, answer_code::no_capacity, "why", 1},
             rejected_case{{session_fault::no_memory, "why"}, answer_code::no_capacity, "why", 1},
         }) {
        const own_answer answer = answers::rejected_request(c.rejected);
        EXPECT_EQ(name_of(answer.code), name_of(c.code));
        EXPECT_EQ(answer.message, c.message);
        EXPECT_EQ(answer.retry_after.count(), c.retry_after) << name_of(c.code);
    }
}

struct failure_case {
    upstream::failure failure;
    answer_code code;
    delivery cloud;
};

TEST(upstream_failures, become_answers_that_are_honest_about_what_the_cloud_may_have_done) {
    using upstream::failure;
    using upstream::step;
    const boost::system::error_code refused = boost::asio::error::connection_refused;
    for (const auto& c : {
             failure_case{
                 {step::connect, delivery::not_sent, false, refused, {}}, answer_code::unreachable, delivery::not_sent},
             failure_case{
                 {step::connect, delivery::not_sent, true, {}, {}}, answer_code::unreachable, delivery::not_sent},
             failure_case{{step::handshake, delivery::not_sent, false, refused, {}},
                          answer_code::unreachable,
                          delivery::not_sent},
             failure_case{
                 {step::write, delivery::not_sent, false, refused, {}}, answer_code::unreachable, delivery::not_sent},
             failure_case{
                 {step::write, delivery::unknown, true, {}, {}}, answer_code::cloud_timed_out, delivery::unknown},
             failure_case{
                 {step::read, delivery::unknown, false, refused, {}}, answer_code::unreachable, delivery::unknown},
             failure_case{
                 {step::read, delivery::unknown, true, {}, {}}, answer_code::cloud_timed_out, delivery::unknown},
             failure_case{
                 {step::parse, delivery::unknown, false, {}, "not HTTP"}, answer_code::unreachable, delivery::unknown},
         }) {
        const auto answer = answers::failed_exchange(c.failure);
        EXPECT_EQ(name_of(answer.code), name_of(c.code)) << c.failure.text();
        EXPECT_EQ(answer.cloud, c.cloud) << c.failure.text();
        EXPECT_NE(message_of(answer).find(c.cloud == delivery::unknown ? "may have been sent" : "Nothing was sent"),
                  std::string::npos);
    }
}

TEST(outcomes_page, has_a_row_for_each_cause) {
    std::stringstream page;
    page << std::ifstream("docs/outcomes.md").rdbuf();
    std::set<std::string> rows;
    bool in_table = false;
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("| `auth_failure`")) in_table = true;
        if (line.empty()) in_table = false;
        if (in_table && line.starts_with("| `") && !line.starts_with("| `auth_failure`"))
            rows.insert(line.substr(3, line.find('`', 3) - 3));
    }
    std::set<std::string> names(auth_failure_names.begin(), auth_failure_names.end());
    EXPECT_EQ(rows, names);
}

}  // namespace
}  // namespace gateway::pipeline
