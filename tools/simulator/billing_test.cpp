#include "billing.hpp"

#include "forms.hpp"
#include "trial.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

struct orders : trial {
    boost::json::value list(const std::string& query = "", const char* key = "A") {
        return body(get("/v2/orders/customer-orders", query, key));
    }
    std::size_t count(const std::string& query) { return list(query).at("order_infos").as_array().size(); }
    answer show(const std::string& id, const char* key = "A") {
        return get("/v2/orders/customer-orders/details/" + id, "", key);
    }
    boost::json::value status(const std::string& id) { return body(show(id)).at("order_info").at("status"); }
    answer post(const char* method, const char* path, const std::string& to, const char* key = "A") {
        return send({method, path, "", {}, to}, key).with;
    }
    std::string made(bool pay = false) { return text(order("big", pay).with, "order_id"); }
    static std::string named(const std::string& id) { return R"({"order_id":")" + id + "\"}"; }
};

TEST_F(orders, are_shown_with_what_they_cost_and_until_when_they_wait) {
    const auto id = made();
    const auto o = body(show(id));
    EXPECT_EQ(o.at("order_info").at("order_id"), id.c_str());
    EXPECT_EQ(o.at("order_info").at("status"), 6);
    EXPECT_EQ(o.at("order_info").at("order_type"), 3);
    EXPECT_EQ(o.at("order_info").at("amount_after_discount"), 126.5);
    EXPECT_EQ(o.at("order_info").at("currency"), "CNY");
    EXPECT_EQ(o.at("order_info").at("measure_id"), 1);
    EXPECT_EQ(o.at("order_info").at("create_time"), "2026-11-23T10:00:00Z");
    EXPECT_EQ(o.at("order_info").at("pending_payment_end_time"), "2026-11-24T10:00:00Z");
    EXPECT_TRUE(o.at("order_info").at("payment_time").is_null());
    EXPECT_EQ(o.at("order_line_items").as_array().size(), 1U);
}

TEST_F(orders, that_pay_themselves_are_under_way_and_then_done) {
    const auto id = made(true);
    EXPECT_EQ(status(id), 3);
    now += 10s;
    EXPECT_EQ(status(id), 5);
    EXPECT_EQ(body(show(id)).at("order_info").at("payment_time"), "2026-11-23T10:00:00Z");
}

TEST_F(orders, are_paid_cancelled_or_expire) {
    const auto paid = made();
    EXPECT_EQ(post("POST", "/v3/orders/customer-orders/pay", named(paid)).status, 204U);
    EXPECT_EQ(status(paid), 3);
    EXPECT_EQ(post("POST", "/v3/orders/customer-orders/pay", named(paid)).status, 400U) << "it no longer waits";
    now += 10s;
    ASSERT_EQ(turn("server", R"({"id":"prepaid","flavor":"small"})").status, 200U);
    const auto cancelled = made();
    EXPECT_EQ(post("PUT", "/v2/orders/customer-orders/cancel", named(cancelled)).status, 204U);
    EXPECT_EQ(status(cancelled), 4);
    const auto expired = made();
    ASSERT_EQ(turn("order", R"({"do":"expire","order_id":")" + expired + "\"}").status, 200U);
    EXPECT_EQ(status(expired), 4);
    const auto left = made();
    now += 24h;
    EXPECT_EQ(status(left), 4) << "nobody paid in time";
}

TEST_F(orders, are_listed_by_time_type_and_status_the_latest_first) {
    const auto first = made();
    now += 1min;
    const auto second = made();
    const auto all = list("order_type=3&service_type_code=hws.service.type.ec2");
    EXPECT_EQ(all.at("total_count"), 2);
    EXPECT_EQ(all.at("order_infos").at(0).at("order_id"), second.c_str());
    for (const auto& [query, wanted] :
         std::vector<std::pair<const char*, std::size_t>>{{"order_type=1", 0},
                                                          {"service_type_code=hws.service.type.ebs", 0},
                                                          {"status=6", 2},
                                                          {"status=5", 0},
                                                          {"create_time_begin=2026-11-23T10:01:00Z", 1},
                                                          {"create_time_begin=2026-11-23T10%3A01%3A00Z", 1},
                                                          {"create_time_end=2026-11-23T10:00:59Z", 1},
                                                          {"create_time_begin=2026-11-23T10:01:01Z", 0},
                                                          {"customer_id=acme", 2},
                                                          {"customer_id=partner", 0},
                                                          {"limit=1", 1},
                                                          {"limit=1&offset=1", 1},
                                                          {"offset=2", 0}})
        EXPECT_EQ(count(query), wanted) << query;
    EXPECT_EQ(list("limit=1&offset=1").at("order_infos").at(0).at("order_id"), first.c_str());
    EXPECT_EQ(list("limit=1").at("total_count"), 2);
}

TEST_F(orders, are_refused_for_parameters_that_make_no_sense) {
    for (const char* query : {"limit=0", "limit=101", "limit=x", "offset=-1", "create_time_begin=yesterday",
                              "create_time_end=2026-11-23T10:00:00+08:00"})
        EXPECT_EQ(get("/v2/orders/customer-orders", query, "A").status, 400U) << query;
    EXPECT_EQ(show("nothing").status, 400U);
    EXPECT_EQ(post("POST", "/v3/orders/customer-orders/pay", "{}").status, 400U);
    EXPECT_EQ(post("POST", "/v3/orders/customer-orders/pay", named("nothing")).status, 400U);
    EXPECT_EQ(post("POST", "/v2/orders/suscriptions/resources/query", "[]").status, 400U);
}

TEST_F(orders, of_customers_are_seen_by_their_partner_who_can_settle_none) {
    const auto id = made();
    EXPECT_EQ(list("", "P").at("total_count"), 1);
    EXPECT_EQ(show(id, "P").status, 200U);
    EXPECT_EQ(post("POST", "/v3/orders/customer-orders/pay", named(id), "P").status, 400U);
    EXPECT_EQ(body(post("POST", "/v2/orders/suscriptions/resources/query", named(id), "P")).at("total_count"), 0);
}

TEST_F(orders, of_others_are_not_seen) {
    ASSERT_EQ(turn("server", R"({"id":"s","charging_mode":"1"})").status, 200U);
    const auto id = text(resize("s", "big").with, "order_id");
    EXPECT_EQ(list().at("total_count"), 0);
    EXPECT_EQ(show(id).status, 400U);
    EXPECT_EQ(get("/v2/orders/customer-orders", "", "NOBODY").status, 401U);
}

TEST_F(orders, tell_which_server_they_are_for) {
    const auto id = made(true);
    const auto query = [&] {
        return body(post("POST", "/v2/orders/suscriptions/resources/query", named(id))).at("data").as_array();
    };
    ASSERT_EQ(query().size(), 1U);
    EXPECT_EQ(query()[0].at("resource_id"), "prepaid");
    EXPECT_EQ(query()[0].at("resource_spec_code"), "small.linux");
    now += 10s;
    EXPECT_EQ(query()[0].at("resource_spec_code"), "big.linux");
    ASSERT_EQ(turn("billing", R"({"no_resources":true})").status, 200U);
    EXPECT_TRUE(query().empty());
}

TEST_F(orders, cost_what_a_test_wants_as_number_or_text) {
    ASSERT_EQ(
        turn("billing", R"({"amount":99.9,"currency":"USD","pay_within_ms":60000,"amounts_as_text":true})").status,
        200U);
    const auto id = made();
    const auto o = body(show(id)).at("order_info");
    EXPECT_EQ(o.at("amount_after_discount"), "99.90");
    EXPECT_EQ(o.at("currency"), "USD");
    EXPECT_EQ(o.at("pending_payment_end_time"), "2026-11-23T10:01:00Z");
    ASSERT_EQ(turn("order", R"({"amount":-5,"status":9,"order_id":")" + id + "\"}").status, 200U);
    EXPECT_EQ(body(show(id)).at("order_info").at("amount_after_discount"), "-5.00");
    EXPECT_EQ(status(id), 9);
    ASSERT_EQ(turn("order", R"({"account":"partner","order_id":")" + id + "\"}").status, 200U);
    EXPECT_EQ(show(id).status, 400U) << "it is another customer's now";
}

TEST_F(orders, are_listed_late_or_without_end_where_a_test_wants_it) {
    ASSERT_EQ(turn("billing", R"({"lag_ms":5000})").status, 200U);
    static_cast<void>(made());
    now += 4s;
    EXPECT_EQ(count(""), 0U);
    now += 1s;
    EXPECT_EQ(count(""), 1U);
    ASSERT_EQ(turn("billing", R"({"endless":true})").status, 200U);
    EXPECT_EQ(count("limit=100"), 100U);
    EXPECT_EQ(count("limit=100&offset=100000"), 100U);
}

TEST_F(orders, can_be_malformed_in_every_form_that_they_name) {
    const auto id = made();
    const auto sound_list = get("/v2/orders/customer-orders", "", "A").body, sound = show(id).body;
    const auto forms = read("billing").at("forms").as_array();
    EXPECT_GT(forms.size(), 30U);
    for (const auto& form : forms) {
        const std::string name(form.as_string());
        ASSERT_EQ(turn("billing", R"({"form":")" + name + "\"}").status, 200U);
        EXPECT_NE(get("/v2/orders/customer-orders", "", "A").body, sound_list) << name << " changes nothing";
        EXPECT_NE(show(id).body, sound) << name << " changes nothing";
    }
    EXPECT_EQ(turn("billing", R"({"form":"curious"})").status, 400U);
}

}  // namespace
}  // namespace simulator
