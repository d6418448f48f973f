#include <gtest/gtest.h>

#include <stdexcept>

#include "gateway/admin/pages.hpp"

namespace gateway::admin {
namespace {

status saying(std::vector<reason> not_ready) {
    return {.not_ready = [not_ready = std::move(not_ready)] { return not_ready; },
            .degraded = [] { return std::vector<reason>(); },
            .metrics =
                [] {
                    prometheus::MetricFamily family;
                    family.name = "one";
                    family.help = "two";
                    family.type = prometheus::MetricType::Gauge;
                    return std::vector{family};
                },
            .overview = [] { return std::string("an overview"); },
            .configuration = [] { return std::string("a configuration"); }};
}

constexpr std::string_view here = "127.0.0.1:9901";

TEST(admin_pages, are_found_by_their_path_and_no_other) {
    const struct {
        std::string_view target;
        unsigned status;
    } cases[] = {{"/healthz", 200},
                 {"/readyz", 200},
                 {"/metrics", 200},
                 {"/metrics?name[]=x", 200},
                 {"/healthz?", 200},
                 {"/", 200},
                 {"/status.json", 200},
                 {"/config", 200},
                 {"/config?x=1", 200},
                 {"", 404},
                 {"*", 404},
                 {"/healthz/", 404},
                 {"//healthz", 404},
                 {"/HEALTHZ", 404},
                 {"/health", 404},
                 {"/metrics.txt", 404},
                 {"/%6detrics", 404},
                 {"/../metrics", 404},
                 {"?/metrics", 404},
                 {"/config/", 404},
                 {"/status", 404},
                 {"/index.html", 404},
                 {"http://a/healthz", 404}};
    for (const auto& [target, expected] : cases)
        EXPECT_EQ(page_for("GET", target, here, saying({})).status, expected) << target;
}

TEST(admin_pages, are_for_get_and_head_only) {
    for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", ""}) {
        for (const std::string_view target : {"/healthz", "/readyz", "/metrics", "/", "/status.json", "/config"}) {
            const page answer = page_for(method, target, here, saying({}));
            EXPECT_EQ(answer.status, 405U) << method << ' ' << target;
            EXPECT_EQ(answer.allow, "GET, HEAD");
        }
        EXPECT_EQ(page_for(method, "/elsewhere", here, saying({})).status, 404U) << method;
    }
    EXPECT_EQ(page_for("HEAD", "/readyz", here, saying({})).body, page_for("GET", "/readyz", here, saying({})).body);
}

TEST(admin_pages, say_that_the_process_serves_even_when_it_is_not_ready) {
    const page healthy = page_for("GET", "/healthz", here, saying({{"draining", "", "it ends"}}));
    EXPECT_EQ(healthy.status, 200U);
    EXPECT_EQ(healthy.type, "application/json");
    EXPECT_EQ(healthy.body, "{\"status\":\"ok\"}\n");
}

TEST(admin_pages, say_that_it_is_ready) {
    const page ready = page_for("GET", "/readyz", here, saying({}));
    EXPECT_EQ(ready.status, 200U);
    EXPECT_EQ(ready.type, "application/json");
    EXPECT_EQ(ready.body, "{\"ready\":true}\n");
}

TEST(admin_pages, say_what_does_not_work_while_the_rest_is_ready) {
    status source = saying({});
    source.degraded = [] { return std::vector<reason>{{"ledger", "", "no space left on the disk of the ledger"}}; };
    for (const std::string_view host : {here, std::string_view("gateway.example")}) {
        const page ready = page_for("GET", "/readyz", host, source);
        EXPECT_EQ(ready.status, 200U);
        EXPECT_EQ(ready.body, "{\"ready\":true,\"degraded\":[\"ledger\"]}\n");
    }
    source.not_ready = [] { return std::vector<reason>{{"draining", "", "it ends"}}; };
    EXPECT_EQ(page_for("GET", "/readyz", here, source).status, 503U);
}

TEST(admin_pages, give_every_reason_for_not_being_ready) {
    const page not_ready =
        page_for("GET", "/readyz", here,
                 saying({{"credential", "acme", "IAM says: \"no\"\n\xff"}, {"draining", "", "it was told to end"}}));
    EXPECT_EQ(not_ready.status, 503U);
    EXPECT_EQ(not_ready.type, "application/json");
    EXPECT_EQ(not_ready.body,
              R"({"ready":false,"reasons":[{"what":"credential","name":"acme","why":"IAM says: \"no\"\n\ufffd"},)"
              R"({"what":"draining","why":"it was told to end"}]})"
              "\n");
}

TEST(admin_pages, give_the_metrics_as_text_of_the_format_that_prometheus_reads) {
    const page metrics = page_for("GET", "/metrics", here, saying({}));
    EXPECT_EQ(metrics.status, 200U);
    EXPECT_EQ(metrics.type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(metrics.body, "# HELP one two\n# TYPE one gauge\n");
}

TEST(admin_pages, show_people_a_page_that_may_load_nothing_from_elsewhere) {
    const page people = page_for("GET", "/", here, saying({}));
    EXPECT_EQ(people.type, "text/html; charset=utf-8");
    EXPECT_TRUE(people.body.starts_with("<!doctype html>")) << people.body.substr(0, 40);
    EXPECT_TRUE(people.security_policy.starts_with("default-src 'none'; style-src 'sha256-")) << people.security_policy;
    EXPECT_EQ(people.security_policy.find("unsafe"), std::string_view::npos) << people.security_policy;
    for (const std::string_view outside : {" src=", "@import", "url(", "href=\"http", "href=\"/"})
        EXPECT_EQ(people.body.find(outside), std::string::npos) << outside;
    EXPECT_EQ(page_for("GET", "/status.json", here, saying({})).body, "an overview");
    EXPECT_EQ(page_for("GET", "/config", here, saying({})).body, "a configuration");
}

// Otherwise a web page whose name is made to point here (DNS rebinding) could read them through somebody's browser.
TEST(admin_pages, for_people_are_given_under_an_address_or_localhost_only) {
    const struct {
        std::string_view host;
        bool taken;
    } cases[] = {{"127.0.0.1", true},
                 {"127.0.0.1:9901", true},
                 {"10.2.3.4:9901", true},
                 {"localhost:9901", true},
                 {"LocalHost", true},
                 {"[::1]:9901", true},
                 {"[2001:db8::1]", true},
                 {"[fe80::1%eth0]:9901", true},
                 {"", true},  // HTTP/1.0: no browser's
                 {"evil.example", false},
                 {"evil.example:9901", false},
                 {"localhost.evil.example", false},
                 {"127.0.0.1.evil.example", false},
                 {"ecs-gateway.ecs-gateway.svc:9901", false},
                 {"2130706433", false},
                 {"[evil.example]", false},
                 {"[", false},
                 {":9901", false},
                 {"127.0.0.1@evil.example", false}};
    for (const auto& [host, taken] : cases) {
        for (const std::string_view target : {"/", "/status.json", "/config", "/config?x=1"})
            EXPECT_EQ(page_for("GET", target, host, saying({})).status, taken ? 200U : 421U) << host << target;
        for (const std::string_view target : {"/healthz", "/readyz", "/metrics"})
            EXPECT_EQ(page_for("GET", target, host, saying({})).status, 200U) << host << target;
    }
    EXPECT_NE(page_for("GET", "/", "evil.example", saying({})).body.find("http://127.0.0.1:9901/"), std::string::npos);
}

TEST(admin_pages, give_reasons_to_nobody_who_asks_by_a_name) {
    const status troubled = saying({{"credential", "acme-key", "the cloud refuses it: what it said"}});
    const page bare = page_for("GET", "/readyz", "evil.example", troubled);
    EXPECT_EQ(bare.status, 503U);
    EXPECT_EQ(bare.body.find("acme-key"), std::string::npos) << bare.body;
    EXPECT_EQ(bare.body.find("what it said"), std::string::npos) << bare.body;
    for (const char* address : {"", "127.0.0.1:9901", "10.2.3.4:9901", "localhost"})
        EXPECT_NE(page_for("GET", "/readyz", address, troubled).body.find("what it said"), std::string::npos);
}

TEST(admin_pages, ask_for_nothing_that_they_do_not_show) {
    const status asked{.not_ready = []() -> std::vector<reason> { throw std::logic_error("asked"); },
                       .degraded = []() -> std::vector<reason> { throw std::logic_error("asked"); },
                       .metrics = []() -> std::vector<prometheus::MetricFamily> { throw std::logic_error("asked"); },
                       .overview = []() -> std::string { throw std::logic_error("asked"); },
                       .configuration = []() -> std::string { throw std::logic_error("asked"); }};
    EXPECT_EQ(page_for("GET", "/", here, asked).status, 200U);
    EXPECT_EQ(page_for("GET", "/healthz", here, asked).status, 200U);
    EXPECT_EQ(page_for("POST", "/metrics", here, asked).status, 405U);
    EXPECT_EQ(page_for("GET", "/elsewhere", here, asked).status, 404U);
    EXPECT_THROW(static_cast<void>(page_for("GET", "/readyz", here, asked)), std::logic_error);
    for (const std::string_view target : {"/metrics", "/status.json", "/config"})
        EXPECT_THROW(static_cast<void>(page_for("GET", target, here, asked)), std::logic_error) << target;
}

TEST(admin_pages, report_errors_in_json) {
    EXPECT_EQ(error_page(400, "a \"b\"").body, "{\"error\":\"a \\\"b\\\"\"}\n");
    EXPECT_EQ(error_page(400, "").status, 400U);
}

}  // namespace
}  // namespace gateway::admin
