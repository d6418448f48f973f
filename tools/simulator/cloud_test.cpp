#include "cloud.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace simulator {
namespace {

using namespace std::chrono_literals;

const cloud::time start{};

seed world() {
    return parse_seed(R"(
accounts:
  - {name: a, keys: [{access_key: AK, secret_key: SK}], projects: [pa]}
  - {name: b, projects: [pb]}
  - {name: closed, partner_forbidden: true, projects: [pc]}
  - {name: poor, balance_ok: false, projects: [pp]}
flavors: [{id: small}, {id: big}, {id: gone, sold_out: true}]
servers:
  - {id: off, project: pa, flavor: small}
  - {id: "on", project: pa, flavor: small, status: ACTIVE}
  - {id: prepaid, project: pa, flavor: small, charging_mode: "1"}
  - {id: spot, project: pa, flavor: small, charging_mode: "2"}
  - {id: locked, project: pa, flavor: small, locked: true}
  - {id: broken, project: pa, flavor: small, fails_with: Ecs.0207}
  - {id: other, project: pb, flavor: small}
  - {id: partners, project: pc, flavor: small}
  - {id: poor, project: pp, flavor: small, charging_mode: "1"}
jobs: {init_ms: 100, running_ms: 100}
)");
}

std::string resize_body(const std::string& flavor, const std::string& more = "") {
    return R"({"resize":{"flavorRef":")" + flavor + "\"" + more + "}}";
}

answer post(cloud& c, const std::string& project, const std::string& server, const std::string& body,
            const std::string& account = "a", const std::string& version = "v1.1", cloud::time at = start) {
    return c.handle({"POST", "/" + version + "/" + project + "/cloudservers/" + server + "/resize", "", {}, body},
                    account, at);
}

answer get(cloud& c, const std::string& path, cloud::time at, const std::string& account = "a") {
    return c.handle({"GET", path, "", {}, ""}, account, at);
}

std::string member(const answer& from, const char* name) {
    return boost::json::parse(from.body).at(name).as_string().c_str();
}

struct refused {
    const char *project, *server;
    std::string body;
    unsigned status;
    const char* code;
    const char* account = "a";
    const char* version = "v1.1";
};

TEST(resize, is_refused_with_the_clouds_codes) {
    for (const auto& r : {
             refused{"pa", "off", "", 400, "Common.0002"},
             refused{"pa", "off", "[]", 400, "Ecs.0005"},
             refused{"pa", "off", R"({"resize":{}})", 400, "Ecs.0005"},
             refused{"pa", "nobody", resize_body("big"), 404, "Ecs.0114"},
             refused{"pa", "other", resize_body("big"), 404, "Ecs.0114"},
             refused{"pb", "other", resize_body("big"), 400, "Ecs.0023"},
             refused{"pa", "off", resize_body("small"), 400, "Ecs.0810"},
             refused{"pa", "off", resize_body("none"), 400, "Ecs.0029"},
             refused{"pa", "off", resize_body("gone"), 400, "Ecs.0018"},
             refused{"pa", "on", resize_body("big"), 400, "Ecs.0100"},
             refused{"pa", "locked", resize_body("big"), 400, "Ecs.0605"},
             refused{"pa", "spot", resize_body("big"), 400, "Ecs.0704"},
             refused{"pa", "prepaid", resize_body("big"), 400, "Ecs.0005", "a", "v1"},
             refused{"pc", "partners", resize_body("big"), 403, "Ecs.0068", "closed"},
             refused{"pp", "poor", resize_body("big", R"(,"extendparam":{"isAutoPay":"true"})"), 403, "Ecs.0067",
                     "poor"},
         }) {
        cloud c(world());
        const auto got = post(c, r.project, r.server, r.body, r.account, r.version);
        EXPECT_EQ(got.status, r.status) << r.code;
        EXPECT_NE(got.body.find(r.code), std::string::npos) << r.server << got.body;
    }
}

TEST(resize, runs_as_a_job_and_changes_the_server_at_its_end) {
    cloud c(world());
    const auto job = member(post(c, "pa", "off", resize_body("big")), "job_id");
    const auto status = [&](cloud::time at) { return member(get(c, "/v1/pa/jobs/" + job, at), "status"); };
    EXPECT_EQ(status(start), "INIT");
    EXPECT_EQ(status(start + 150ms), "RUNNING");
    EXPECT_EQ(post(c, "pa", "off", resize_body("big"), "a", "v1.1", start + 150ms).status, 501U);
    EXPECT_NE(get(c, "/v1/pa/cloudservers/off", start + 150ms).body.find("\"status\":\"RESIZE\""), std::string::npos);
    EXPECT_EQ(status(start + 200ms), "SUCCESS");
    EXPECT_NE(get(c, "/v1/pa/cloudservers/off", start + 200ms).body.find("\"id\":\"big\""), std::string::npos);
}

TEST(resize, that_fails_leaves_the_server_as_it_was) {
    cloud c(world());
    const auto job = member(post(c, "pa", "broken", resize_body("big")), "job_id");
    const auto ended = get(c, "/v1/pa/jobs/" + job, start + 1s);
    EXPECT_EQ(member(ended, "status"), "FAIL");
    EXPECT_EQ(member(ended, "error_code"), "Ecs.0207");
    EXPECT_NE(get(c, "/v1/pa/cloudservers/broken", start + 1s).body.find("\"id\":\"small\""), std::string::npos);
}

TEST(resize, of_a_prepaid_server_is_an_order_that_waits_to_be_paid) {
    cloud c(world());
    const auto unpaid = post(c, "pa", "prepaid", resize_body("big"));
    EXPECT_EQ(member(unpaid, "order_id").substr(0, 2), "CS");
    EXPECT_EQ(member(get(c, "/v1/pa/jobs/" + member(unpaid, "job_id"), start + 1h), "status"), "PENDING_PAYMENT");
    const auto paid = post(c, "pa", "prepaid", resize_body("big", R"(,"extendparam":{"isAutoPay":"true"})"));
    EXPECT_EQ(member(get(c, "/v1/pa/jobs/" + member(paid, "job_id"), start + 1s), "status"), "SUCCESS");
}

TEST(resize, that_is_a_dry_run_changes_nothing) {
    cloud c(world());
    EXPECT_EQ(post(c, "pa", "off", R"({"resize":{"flavorRef":"big"},"dry_run":true})").status, 202U);
    EXPECT_NE(get(c, "/v1/pa/cloudservers/off", start + 1s).body.find("\"id\":\"small\""), std::string::npos);
}

TEST(resize, of_a_running_server_needs_the_mode) {
    cloud c(world());
    EXPECT_EQ(post(c, "pa", "on", resize_body("big", R"(,"mode":"withStopServer")")).status, 200U);
}

TEST(cloud, has_no_other_paths) {
    cloud c(world());
    for (const char* path :
         {"/", "/v1/pa/jobs", "/v2/pa/jobs/x", "/v1/pa/cloudservers/off/resize", "/v1/pa/cloudservers/off/x"})
        EXPECT_EQ(get(c, path, start).status, 404U) << path;
}

TEST(seed, with_an_unknown_key_or_name_is_refused) {
    for (const char* yaml :
         {"acounts: []", "accounts: [{name: a, key: []}]", "servers: [{id: s, project: p, flavor: f}]", "a: b: c"})
        EXPECT_THROW(static_cast<void>(parse_seed(yaml)), std::runtime_error) << yaml;
}

}  // namespace
}  // namespace simulator
