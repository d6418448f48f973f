#include "authentication.hpp"

#include <gtest/gtest.h>

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

TEST(authentication, tells_the_caller_one_thing_of_all_causes_that_would_help_a_guesser) {
    const std::set<auth_failure> told{auth_failure::outside_window, auth_failure::replayed,
                                      auth_failure::page_of_another_origin, auth_failure::foreign_host};
    const std::string one = answer_to(auth_failure::no_proof, now).message;
    for (std::size_t i = 0; i < auth_failure_names.size(); ++i) {
        const auto failure = static_cast<auth_failure>(i);
        if (told.contains(failure)) continue;
        const own_answer answer = answer_to(failure, now);
        EXPECT_EQ(answer.code, answer_code::not_authenticated) << name_of(failure);
        EXPECT_EQ(answer.message, one) << name_of(failure);
        EXPECT_EQ(answer.cloud, delivery::not_sent) << name_of(failure);
    }
}

TEST(authentication, tells_who_holds_the_key_what_to_do) {
    const own_answer outside_window = answer_to(auth_failure::outside_window, now);
    EXPECT_EQ(outside_window.code, answer_code::outside_window);
    EXPECT_NE(outside_window.message.find("20261123T100000Z"), std::string::npos);
    // The first call with that signature may be under way or done, though its answer never arrived.
    const own_answer replayed = answer_to(auth_failure::replayed, now);
    EXPECT_EQ(replayed.code, answer_code::replayed);
    EXPECT_EQ(replayed.cloud, delivery::unknown);
    EXPECT_NE(replayed.message.find("may have been carried out"), std::string::npos);
    for (const auto failure : {auth_failure::page_of_another_origin, auth_failure::foreign_host}) {
        EXPECT_EQ(name_of(answer_to(failure, now).code), "Gateway.0206");
        EXPECT_EQ(status_of(answer_to(failure, now).code), 403U);
    }
    EXPECT_NE(answer_to(auth_failure::foreign_host, now).message.find("`hosts`"), std::string::npos);
}

TEST(canonical_request_in_a_log, shows_no_value_that_may_be_a_secret) {
    EXPECT_EQ(
        loggable("POST\n/v1/p/\na=b\ncontent-type:application/json\nhost:gateway\nx-api-key:key\nx-sdk-date:now\n"
                 "x-security-token:token\n\ncontent-type;host;x-api-key;x-sdk-date;x-security-token\nhash"),
        R"("POST\n/v1/p/\na=b\ncontent-type:application/json\nhost:gateway\nx-api-key:(3 bytes)\nx-sdk-date:now\n)"
        R"(x-security-token:(5 bytes)\n\ncontent-type;host;x-api-key;x-sdk-date;x-security-token\nhash")");
    EXPECT_EQ(loggable("GET\n/\n\nx-sdk-date:now\n\nx-sdk-date\nhash"),
              R"("GET\n/\n\nx-sdk-date:now\n\nx-sdk-date\nhash")");
    EXPECT_EQ(loggable("GET\n/\n\nhost:\xff\x1b\n\nhost\nhash").find('\x1b'), std::string::npos);
    EXPECT_LT(loggable("GET\n/\n\nhost:" + std::string(100'000, 'x') + "\n\nhost\nhash").size(), 5000U);
    EXPECT_EQ(loggable(""), "\"\"");
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
