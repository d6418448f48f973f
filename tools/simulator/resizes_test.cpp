// Resizes as a test steers them, and what it can read of them.

#include "trial.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

struct resizes : trial {
    std::string job_status(const std::string& id, const char* project = "pp", const char* key = "P") {
        return text(get("/v1/" + std::string(project) + "/jobs/" + id, "", key), "status");
    }
    std::string flavor_of(const std::string& id = "s") { return server(id).at("flavor").at("id").as_string().c_str(); }
};

TEST_F(resizes, show_at_the_server_while_they_run) {
    static_cast<void>(resize("s", "big"));
    EXPECT_EQ(server().at("OS-EXT-STS:task_state"), "resize_prep");
    now += 5s;
    EXPECT_EQ(server().at("OS-EXT-STS:task_state"), "resize_migrating");
    EXPECT_EQ(server().at("status"), "RESIZE");
    EXPECT_EQ(flavor_of(), "small");
    now += 5s;
    EXPECT_TRUE(server().at("OS-EXT-STS:task_state").is_null());
    EXPECT_EQ(server().at("status"), "SHUTOFF");
    EXPECT_EQ(flavor_of(), "big");
}

TEST_F(resizes, show_late_at_a_server_that_lags) {
    ASSERT_EQ(turn("resizes", R"({"lag_ms":15000})").status, 200U);
    const auto id = text(resize("s", "big").with, "job_id");
    now += 14s;
    EXPECT_EQ(job_status(id), "SUCCESS");
    EXPECT_EQ(server().at("status"), "SHUTOFF") << "as it was a second before the resize";
    EXPECT_EQ(flavor_of(), "small");
    now += 6s;
    EXPECT_EQ(server().at("OS-EXT-STS:task_state"), "resize_migrating") << "as it was 5 s after the resize began";
    EXPECT_EQ(flavor_of(), "small");
    now += 5s;
    EXPECT_TRUE(server().at("OS-EXT-STS:task_state").is_null());
    EXPECT_EQ(flavor_of(), "big");
}

TEST_F(resizes, go_as_a_test_wants_for_one_server_or_for_all) {
    ASSERT_EQ(turn("resizes", R"({"server":"s","ends":"FAIL","code":"Ecs.0319","init_ms":0,"running_ms":1})").status,
              200U);
    const auto failing = text(resize("s", "big").with, "job_id"), good = text(resize("t", "big").with, "job_id");
    now += 10s;
    const auto failed = body(get("/v1/pp/jobs/" + failing));
    EXPECT_EQ(failed.at("status"), "FAIL");
    EXPECT_EQ(failed.at("error_code"), "Ecs.0319");
    EXPECT_EQ(flavor_of(), "small");
    EXPECT_EQ(job_status(good), "SUCCESS");
    ASSERT_EQ(turn("resizes", R"({"ends":"never"})").status, 200U);
    const auto endless = text(resize("s", "big").with, "job_id");
    now += 24h;
    EXPECT_EQ(job_status(endless), "RUNNING");
    EXPECT_EQ(resize("s", "big").with.status, 501U) << "a job holds it";
}

TEST_F(resizes, end_when_a_test_ends_them) {
    ASSERT_EQ(turn("resizes", R"({"ends":"never"})").status, 200U);
    const auto first = text(resize("s", "big").with, "job_id"), second = text(resize("t", "big").with, "job_id");
    now += 1h;
    ASSERT_EQ(turn("job", R"({"job_id":")" + first + R"(","ends":"SUCCESS"})").status, 200U);
    ASSERT_EQ(turn("job", R"({"job_id":")" + second + R"(","ends":"FAIL","code":"Ecs.0226"})").status, 200U);
    EXPECT_EQ(job_status(first), "SUCCESS");
    EXPECT_EQ(flavor_of(), "big");
    EXPECT_EQ(text(get("/v1/pp/jobs/" + second), "error_code"), "Ecs.0226");
    EXPECT_EQ(turn("job", R"({"job_id":")" + first + R"(","ends":"FAIL"})").status, 404U) << "it has ended";
}

TEST_F(resizes, have_jobs_with_an_unknown_status_or_none_any_more) {
    const auto id = text(resize("s", "big").with, "job_id");
    ASSERT_EQ(turn("job", R"({"job_id":")" + id + R"(","status":"SUSPENDED"})").status, 200U);
    EXPECT_EQ(job_status(id), "SUSPENDED");
    ASSERT_EQ(turn("job", R"({"job_id":")" + id + R"(","gone":true})").status, 200U);
    EXPECT_EQ(get("/v1/pp/jobs/" + id).status, 400U);
    EXPECT_EQ(turn("job", R"({"job_id":")" + id + R"(","gone":true})").status, 404U);
}

TEST_F(resizes, of_a_prepaid_server_begin_when_the_order_is_paid) {
    const auto given = order("big", false).with;
    const std::string job = text(given, "job_id"), id = text(given, "order_id");
    now += 1h;
    EXPECT_EQ(job_status(job, "pa", "A"), "PENDING_PAYMENT");
    EXPECT_TRUE(server("prepaid").at("OS-EXT-STS:task_state").is_null());
    ASSERT_EQ(turn("order", R"({"do":"pay","order_id":")" + id + "\"}").status, 200U);
    EXPECT_EQ(job_status(job, "pa", "A"), "INIT");
    now += 10s;
    EXPECT_EQ(job_status(job, "pa", "A"), "SUCCESS");
    EXPECT_EQ(flavor_of("prepaid"), "big");
}

TEST_F(resizes, of_a_prepaid_server_wait_on_when_the_order_was_cancelled) {
    const auto given = order("big", false).with;
    ASSERT_EQ(turn("order", R"({"do":"cancel","order_id":")" + text(given, "order_id") + "\"}").status, 200U);
    now += 13 * 24h;
    EXPECT_EQ(job_status(text(given, "job_id"), "pa", "A"), "PENDING_PAYMENT");
    now += 24h;
    EXPECT_EQ(get("/v1/pa/jobs/" + text(given, "job_id"), "", "A").status, 400U) << "it is deleted after 14 days";
}

TEST_F(resizes, that_should_pay_themselves_stay_unpaid_where_a_test_wants_it) {
    ASSERT_EQ(turn("resizes", R"({"pays":false})").status, 200U);
    EXPECT_EQ(job_status(text(order("big", true).with, "job_id"), "pa", "A"), "PENDING_PAYMENT");
}

TEST_F(resizes, that_succeed_cancel_the_other_orders_of_the_server) {
    const auto waiting = text(order("huge", false).with, "order_id");
    static_cast<void>(order("big", true));
    now += 10s;
    static_cast<void>(server("prepaid"));
    const auto orders = read("orders");
    ASSERT_EQ(orders.as_array().size(), 2U);
    EXPECT_EQ(orders.at(1).at("order_id"), waiting.c_str());
    EXPECT_EQ(orders.at(1).at("status"), 4);
    EXPECT_EQ(orders.at(0).at("status"), 5);
    EXPECT_EQ(turn("order", R"({"do":"pay","order_id":")" + waiting + "\"}").status, 409U);
}

TEST_F(resizes, are_counted_by_server_and_known_as_acted_on_or_not) {
    call first{"POST",
               "/v1.1/pp/cloudservers/s/resize",
               "",
               {{"traceparent", "00-abc-def-01"}},
               R"({"resize":{"flavorRef":"big"}})",
               "request-1"};
    const auto job = text(send(first).with, "job_id");
    static_cast<void>(resize("s", "huge"));
    static_cast<void>(resize("t", "small"));
    const auto all = read("resizes");
    EXPECT_EQ(all.at("received"), 3);
    EXPECT_EQ(all.at("acted"), 1);
    const auto of_s = read("resizes", "server=s");
    EXPECT_EQ(of_s.at("received"), 2);
    EXPECT_EQ(of_s.at("acted"), 1);
    ASSERT_EQ(of_s.at("calls").as_array().size(), 2U);
    const auto one = of_s.at("calls").at(0);
    EXPECT_EQ(one.at("number"), 1);
    EXPECT_EQ(one.at("acted"), true);
    EXPECT_EQ(one.at("traceparent"), "00-abc-def-01");
    EXPECT_EQ(one.at("body").at("resize").at("flavorRef"), "big");
    EXPECT_EQ(one.at("answer").at("job_id"), job.c_str());
    EXPECT_EQ(of_s.at("calls").at(1).at("status"), 501);
    EXPECT_EQ(of_s.at("calls").at(1).at("acted"), false);
    EXPECT_EQ(read("resizes", "after=2").at("calls").as_array().size(), 1U);
    EXPECT_EQ(read("resizes", "limit=1").at("calls").as_array().size(), 1U);
    EXPECT_EQ(read("resizes", "server=prepaid").at("received"), 0);
    const auto servers = read("servers");
    EXPECT_EQ(servers.at(1).at("id"), "s");
    EXPECT_EQ(servers.at(1).at("received"), 2);
    EXPECT_EQ(servers.at(1).at("busy"), true);
}

TEST_F(resizes, by_an_unknown_key_are_received_and_not_acted_on) {
    EXPECT_EQ(resize("s", "big", "", "NOBODY").with.status, 401U);
    EXPECT_EQ(read("resizes").at("received"), 1);
    EXPECT_EQ(read("resizes").at("acted"), 0);
}

TEST_F(resizes, by_hand_are_somebody_elses) {
    const auto given = turn("resize", R"({"server":"s","flavor":"big"})");
    EXPECT_EQ(given.status, 200U);
    now += 10s;
    EXPECT_EQ(flavor_of(), "big");
    EXPECT_EQ(read("resizes").at("received"), 0);
    EXPECT_EQ(turn("resize", R"({"server":"s","flavor":"big"})").status, 400U) << "the cloud's own refusal";
}

TEST_F(resizes, meet_servers_that_a_test_has_changed) {
    ASSERT_EQ(
        turn("server", R"({"id":"s","flavor":"huge","status":"ACTIVE","task_state":"powering-off","locked":true})")
            .status,
        200U);
    EXPECT_EQ(flavor_of(), "huge");
    EXPECT_EQ(server().at("status"), "ACTIVE");
    EXPECT_EQ(server().at("OS-EXT-STS:task_state"), "powering-off");
    EXPECT_EQ(resize("s", "big").with.status, 400U);
    ASSERT_EQ(turn("server", R"({"id":"s","task_state":"","charging_mode":"1"})").status, 200U);
    EXPECT_TRUE(server().at("OS-EXT-STS:task_state").is_null());
    EXPECT_EQ(server().at("metadata").at("charging_mode"), "1");
}

TEST_F(resizes, refuse_controls_that_make_no_sense) {
    for (const auto& [what, to] :
         std::vector<std::pair<const char*, const char*>>{{"resizes", R"({"ends":"soon"})"},
                                                          {"resizes", R"({"lag":1})"},
                                                          {"resizes", R"({"lag_ms":-1})"},
                                                          {"job", R"({"ends":"FAIL"})"},
                                                          {"job", R"({"job_id":"x","ends":"soon"})"},
                                                          {"server", R"({"flavor":"big"})"},
                                                          {"order", R"({"do":"pay"})"},
                                                          {"resize", R"({"server":"s"})"},
                                                          {"calls", R"({"forget":1})"},
                                                          {"calls", "{}"}})
        EXPECT_EQ(turn(what, to).status, 400U) << what << to;
    for (const auto& [what, to] :
         std::vector<std::pair<const char*, const char*>>{{"resizes", R"({"server":"nobody"})"},
                                                          {"job", R"({"job_id":"x","ends":"FAIL"})"},
                                                          {"server", R"({"id":"nobody"})"},
                                                          {"server", R"({"id":"s","flavor":"none"})"},
                                                          {"order", R"({"order_id":"x","do":"pay"})"},
                                                          {"resize", R"({"server":"nobody","flavor":"big"})"}})
        EXPECT_EQ(turn(what, to).status, 404U) << what << to;
}

TEST_F(resizes, are_tallied_with_how_many_there_were_at_once) {
    {
        const auto first = resize("s", "big"), second = resize("t", "big");
        EXPECT_EQ(read("calls").at("resize"), boost::json::value({{"calls", 2}, {"now", 2}, {"at_once", 2}}));
    }
    static_cast<void>(server());
    EXPECT_EQ(read("calls").at("resize"), boost::json::value({{"calls", 2}, {"now", 0}, {"at_once", 2}}));
    EXPECT_EQ(read("calls").at("ecs").at("calls"), 3);
    ASSERT_EQ(turn("calls", R"({"forget":true})").status, 200U);
    EXPECT_EQ(read("calls").at("ecs").at("calls"), 0);
}

}  // namespace
}  // namespace simulator
