#include "repeat.hpp"

#include <gtest/gtest.h>

namespace gateway::pipeline {
namespace {

using ledger::state;

constexpr std::string_view id = "0123456789abcdef0123456789abcdef";

struct row {
    state first;
    bool by_signature, has_answer;
    std::string_view code;  // empty: the recorded answer; "ids": 200 with the ids that are known; "wait"
    delivery cloud = delivery::answered;
};

constexpr bool any[] = {false, true};

std::string_view expected_of(state first, bool by_signature, bool has_answer) {
    switch (first) {
        case state::sending:
            return "wait";
        case state::unknown:
            return "Gateway.0603";
        case state::not_applied:
            return "Gateway.0605";
        case state::accepted:
        case state::awaiting_payment:
        case state::succeeded:
            return has_answer ? "" : "ids";
        case state::refused:
            if (has_answer) return "";
            return by_signature ? "Gateway.0605" : "Gateway.0606";
        case state::failed:
        case state::cancelled:
        case state::not_known:
        case state::not_sent:
            return has_answer ? "" : "Gateway.0606";
    }
    return {};
}

TEST(a_repeat, is_answered_by_what_is_known_of_the_first) {
    for (const state first : ledger::all_states)
        for (const bool by_signature : any)
            for (const bool has_answer : any) {
                ledger::repeat found{.id = std::string(id), .current = first, .answer = {}, .known = {}, .reason = {}};
                found.by_signature = by_signature;
                found.known.job_id = "job-1";
                found.known.order_id = "CS\"1";
                found.reason = "by alice: it is so";
                if (has_answer) found.answer = ledger::kept_answer{202, "application/json", R"({"job_id":"job-1"})"};
                const auto answer = answer_to_repeat(found, "p");
                const auto text = std::string(ledger::name(first)) + (by_signature ? ", by signature" : "") +
                                  (has_answer ? ", with an answer" : "");
                const std::string_view expected = expected_of(first, by_signature, has_answer);
                ASSERT_EQ(answer.has_value(), expected != "wait") << text;
                if (!answer) continue;
                EXPECT_EQ(answer->change.id, id) << text;
                EXPECT_EQ(answer->change.state, ledger::name(first)) << text;
                if (!expected.empty() && expected != "ids") {
                    EXPECT_EQ(name_of(answer->code), expected) << text;
                    EXPECT_FALSE(answer->change.is_replayed) << text;
                    EXPECT_NE(message_of(*answer).find(id), std::string::npos) << message_of(*answer);
                    EXPECT_NE(message_of(*answer).find(ledger::name(first)), std::string::npos) << message_of(*answer);
                    continue;
                }
                ASSERT_TRUE(answer->document) << text;
                EXPECT_TRUE(answer->change.is_replayed) << text;
                EXPECT_EQ(answer->cloud, delivery::answered) << text;
                EXPECT_EQ(answer->document->status, expected.empty() ? 202U : 200U) << text;
                EXPECT_EQ(answer->document->body,
                          expected.empty() ? R"({"job_id":"job-1"})" : R"({"job_id":"job-1","order_id":"CS\"1"})")
                    << text;
            }
}

TEST(a_repeat, of_which_nobody_knows_what_became_is_told_not_to_repeat_it) {
    const ledger::repeat first{
        .id = std::string(id), .current = state::unknown, .answer = {}, .known = {}, .reason = "read: timed out"};
    const auto answer = answer_to_repeat(first, "project-1");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->cloud, delivery::unknown);
    EXPECT_NE(answer->message.find("Don't repeat it, with any key"), std::string::npos);
    EXPECT_NE(answer->message.find("/gateway/v1/project-1/changes/" + std::string(id)), std::string::npos);
}

}  // namespace
}  // namespace gateway::pipeline
