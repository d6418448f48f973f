#include "gateway/operations/response_facts.hpp"

#include <gtest/gtest.h>

namespace gateway::operations {

namespace {

TEST(read_response, finds_ids_and_errors_in_every_shape_the_cloud_has) {
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
        {R"({"jobs":[{"job_id":"i"}],"job":{"job_id":"k"},"job_id":"j"})", "j", "", "", ""},
        {R"({"code":"c","error_code":null})", "", "", "c", ""},
        {R"({"code":"c","error_code":"e","message":"m","error_msg":"n"})", "", "", "e", "n"},
        {R"({"error_code":"e","code":"c","error_msg":"n","message":"m"})", "", "", "e", "n"},
        {R"({"code":"c","message":"m","error":{"code":"e"}})", "", "", "e", ""},
        {R"({"error":{"details":{"code":"deep"},"code":"e"},"code":"c"})", "", "", "e", ""},
        {R"({"error":{"code":"e","message":"caf\u00e9 \"x\""}})", "", "", "e", "caf\xC3\xA9 \"x\""},
        {R"({"job_id":"j"} x)", "", "", "", ""},
        {R"({"job_id":"j")", "", "", "", ""},
        {"<html>", "", "", "", ""},
        {"", "", "", "", ""},
    };
    response_facts facts;
    for (const auto& c : cases) {
        facts = {"left", "over", "from", "before"};
        read_response(c.body, facts);
        EXPECT_EQ(facts.job_id, c.job) << c.body;
        EXPECT_EQ(facts.order_id, c.order) << c.body;
        EXPECT_EQ(facts.code, c.code) << c.body;
        EXPECT_EQ(facts.message, c.message) << c.body;
    }
}

}  // namespace

}  // namespace gateway::operations
