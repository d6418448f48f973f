#include "gateway/operations/answer_facts.hpp"

#include <gtest/gtest.h>

namespace gateway::operations {

namespace {

TEST(read_answer, finds_ids_and_errors_in_every_shape_the_cloud_has) {
    struct {
        const char *body, *job, *order, *code, *message;
    } const cases[] = {
        {R"({"job_id":"j"})", "j", "", "", ""},
        {R"({"order_id":"CS17","job_id":"j"})", "j", "CS17", "", ""},
        {R"({"error":{"code":"Ecs.0009","message":"unchanged"}})", "", "", "Ecs.0009", "unchanged"},
        {R"({"error_code":"APIGW.0301","error_msg":"no","request_id":"r"})", "", "", "APIGW.0301", "no"},
        {R"({"code":401,"message":"no"})", "", "", "401", "no"},
        {R"({"error":{"code":401,"message":"no","title":"Unauthorized"}})", "", "", "401", "no"},
        {R"({"error":"odd","code":"c"})", "", "", "c", ""},
        {R"({"job_id":null,"order_id":7})", "", "7", "", ""},
        {R"([{"job_id":"j"}])", "", "", "", ""},
        {R"({"job_id":"j")", "", "", "", ""},
        {"<html>", "", "", "", ""},
        {"", "", "", "", ""},
    };
    answer_facts facts;
    for (const auto& c : cases) {
        facts = {"left", "over", "from", "before"};
        read_answer(c.body, facts);
        EXPECT_EQ(facts.job_id, c.job) << c.body;
        EXPECT_EQ(facts.order_id, c.order) << c.body;
        EXPECT_EQ(facts.code, c.code) << c.body;
        EXPECT_EQ(facts.message, c.message) << c.body;
    }
}

}  // namespace

}  // namespace gateway::operations
