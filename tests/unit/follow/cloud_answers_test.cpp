#include "gateway/follow/cloud_answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace std::chrono_literals;
using testing::ElementsAre;

namespace gateway::follow {

namespace {

// A trace with one member changed: `name` becomes `value`, or goes where that is empty.
std::string trace_text(const std::string& name = "", const std::string& value = "") {
    const std::vector<std::pair<std::string, std::string>> members{
        {"trace_name", R"("resizeServer")"},
        {"resource_id", R"("s1")"},
        {"time", "1795000000000"},
        {"code", R"("200")"},
        {"request", R"("{\"resize\":{\"flavorRef\":\"s6.large.2\",\"extendparam\":{\"isAutoPay\":\"true\"}}}")"},
        {"response", R"("{\"job_id\":\"j1\",\"order_id\":\"CS1\"}")"}};
    std::string text;
    for (const auto& [key, usual] : members) {
        const std::string& shown = key == name ? value : usual;
        if (!shown.empty()) text += (text.empty() ? "\"" : ",\"") + key + "\":" + shown;
    }
    return "{" + text + "}";
}

std::optional<trace_page> read(const std::string& traces, const std::string& meta = R"({"count":1,"marker":null})") {
    return read_traces(R"({"traces":[)" + traces + R"(],"meta_data":)" + meta + "}", "s1");
}

}  // namespace

TEST(traces, have_the_request_the_ids_and_the_time) {
    const auto page = read(trace_text());
    ASSERT_TRUE(page && page->traces.size() == 1);
    const trace& only = page->traces.front();
    EXPECT_TRUE(only.is_readable);
    EXPECT_EQ(only.time, ledger::instant(1'795'000'000s));
    EXPECT_EQ(only.code, 200);
    EXPECT_EQ(only.flavor, "s6.large.2");
    EXPECT_EQ(only.auto_pay, true);
    EXPECT_EQ(only.job_id + " " + only.order_id, "j1 CS1");
    EXPECT_EQ(page->next, "");
}

TEST(traces, written_at_the_end_of_a_job_tell_when_it_began) {
    const auto page = read(trace_text(
        "response", R"("{\"status\":\"SUCCESS\",\"job_id\":\"j1\",\"begin_time\":\"2026-11-18T09:00:00.5Z\"}")"));
    ASSERT_TRUE(page->traces.front().job_begun);
    EXPECT_EQ(*page->traces.front().job_begun - ledger::instant(1'794'992'400s), 500ms);
}

TEST(traces, that_are_malformed_say_nothing_rather_than_something_false) {
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"request", ""},
                                                          {"request", "null"},
                                                          {"request", R"("")"},
                                                          {"request", R"("{\"resize\":{\"flav")"},
                                                          {"request", R"("{\"resize\":{}}")"},
                                                          {"request", R"("{\"resize\":{\"flavorRef\":2}}")"},
                                                          {"response", R"("{\"job_id\":7}")"},
                                                          {"response", R"("{\"job_id\":\"\"}")"},
                                                          {"response", R"("{\"job_id\":\"../../\\r\\nX-A: b\"}")"},
                                                          {"code", R"("OK")"},
                                                          {"code", "7"},
                                                          {"time", ""},
                                                          {"time", "-1"},
                                                          {"time", "1e300"},
                                                          {"time", "1795000000"},
                                                          {"time", R"("2016/12/08 11:07:28 GMT+08:00")"},
                                                          {"resource_id", R"("s2")"},
                                                          {"trace_name", R"("startServer")"}}) {
        const auto page = read(trace_text(name, value));
        ASSERT_TRUE(page) << name << value;
        EXPECT_FALSE(page->traces.front().is_readable) << name << " " << value;
    }
    for (const char* each : {"null", "1", R"("text")", "[]"})
        EXPECT_FALSE(read(each)->traces.front().is_readable) << each;
    EXPECT_FALSE(read(trace_text("response", ""))->traces.front().has_response);
}

TEST(traces, in_other_forms_are_read) {
    EXPECT_EQ(read(trace_text("code", "202"))->traces.front().code, 202);
    EXPECT_EQ(read(trace_text("code", ""))->traces.front().code, 0);
    EXPECT_TRUE(read(trace_text("time", R"("1795000000000")"))->traces.front().is_readable);
    EXPECT_EQ(read(trace_text("request", R"({"resize":{"flavorRef":"f"}})"))->traces.front().flavor, "f");
    EXPECT_EQ(read(trace_text(), R"({"marker":"next-1"})")->next, "next-1");
}

TEST(traces, no_list_is_no_empty_list) {
    for (const char* body : {"", "null", "[]", "{}", R"({"traces":null})", R"({"traces":{}})", "<html>",
                             R"({"traces":[)", R"({"error_code":"CTS.0002"})"})
        EXPECT_FALSE(read_traces(body, "s1")) << body;
    EXPECT_FALSE(read_traces(std::string(100'000, '['), "s1"));
}

TEST(server, has_its_flavor_and_what_is_under_way) {
    const auto server = read_server(
        R"({"server":{"flavor":{"id":"s6.large.2"},"OS-EXT-STS:task_state":"resize_prep","metadata":{"charging_mode":"1"}}})");
    ASSERT_TRUE(server);
    EXPECT_EQ(server->flavor + " " + server->task_state, "s6.large.2 resize_prep");
    EXPECT_EQ(server->is_prepaid, true);
    const auto quiet = read_server(
        R"({"server":{"flavor":{"id":"f"},"OS-EXT-STS:task_state":null,"metadata":{"charging_mode":"0"}}})");
    EXPECT_EQ(quiet->task_state, "");
    EXPECT_EQ(quiet->is_prepaid, false);
    EXPECT_EQ(read_server(R"({"server":{"flavor":{"id":"f"}}})")->is_prepaid, std::nullopt);
    EXPECT_EQ(read_server(R"({"server":{"flavor":{"id":"f"},"OS-EXT-STS:task_state":7}})")->task_state, "unreadable");
    for (const char* body :
         {"", "{}", R"({"server":{}})", R"({"server":{"flavor":{}}})", R"({"server":{"flavor":{"id":7}}})"})
        EXPECT_FALSE(read_server(body)) << body;
}

TEST(order, has_its_status_and_amount_in_any_form) {
    const auto text = [](const std::string& status, const std::string& amount, const std::string& currency) {
        return R"({"order_info":{"order_id":"CS1","status":)" + status + R"(,"amount_after_discount":)" + amount +
               R"(,"currency":)" + currency + "}}";
    };
    const auto order = read_order(text("6", "126.5", R"("CNY")"), "CS1");
    ASSERT_TRUE(order);
    EXPECT_EQ(order->status, 6);
    EXPECT_EQ(order->amount + order->currency, "126.5CNY");
    EXPECT_EQ(read_order(text(R"("4")", R"("126.50")", R"("CNY")"), "CS1")->status, 4);
    EXPECT_EQ(read_order(text(R"("4")", R"("126.50")", R"("CNY")"), "CS1")->amount, "126.50");
    for (const char* amount : {"null", "1e300", R"("free")", R"("1,234.50")", "{}"})
        EXPECT_EQ(read_order(text("6", amount, "156"), "CS1")->amount, "") << amount;
    EXPECT_EQ(read_order(text("6", "1", "\"C\\r\\nY\""), "CS1")->currency, "");
    for (const char* status : {"null", R"("paid")", "1e300", "-1"})
        EXPECT_EQ(read_order(text(status, "1", "null"), "CS1")->status, 0) << status;
}

TEST(order, of_somebody_else_or_an_error_with_status_200_is_none) {
    for (const char* body : {"", "{}", R"({"order_info":[]})", R"({"order_info":{"order_id":"CS2","status":4}})",
                             R"({"error_code":"CBC.0150","error_msg":"no"})"})
        EXPECT_FALSE(read_order(body, "CS1")) << body;
}

TEST(orders, that_can_not_be_read_make_the_list_incomplete) {
    const auto page = read_order_ids(R"({"total_count":2,"order_infos":[{"order_id":"CS1"},{"order_id":"CS2"}]})");
    ASSERT_TRUE(page);
    EXPECT_THAT(page->ids, ElementsAre("CS1", "CS2"));
    EXPECT_TRUE(page->is_whole);
    EXPECT_EQ(page->total, 2U);
    EXPECT_FALSE(read_order_ids(R"({"total_count":1,"order_infos":[{"order_id":7}]})")->is_whole);
    EXPECT_FALSE(read_order_ids(R"({"total_count":1,"order_infos":[null]})")->is_whole);
    EXPECT_FALSE(read_order_ids(R"({"order_infos":[]})")->is_whole);
    EXPECT_FALSE(read_order_ids(R"({"total_count":0})"));
    EXPECT_FALSE(read_order_ids(R"({"error_code":"CBC.0150"})"));
}

TEST(resources_of_an_order, are_told_or_not) {
    EXPECT_THAT(*read_order_resources(R"({"total_count":1,"data":[{"resource_id":"s1"}]})"), ElementsAre("s1"));
    for (const char* body : {"{}", R"({"data":[]})", R"({"data":[1]})", R"({"error_code":"CBC.0150","data":[]})"})
        EXPECT_FALSE(read_order_resources(body)) << body;
}

TEST(id, gets_into_a_path_only_where_it_is_one) {
    EXPECT_TRUE(is_id("CS1-a_B"));
    for (const std::string& text : {std::string(), std::string(65, 'a'), std::string("a/b"), std::string("a\r\nb")})
        EXPECT_FALSE(is_id(text)) << text;
}

}  // namespace gateway::follow
