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
                    {account}, at);
}

answer get(cloud& c, const std::string& path, cloud::time at, const std::string& account = "a") {
    return c.handle({"GET", path, "", {}, ""}, {account}, at);
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
             refused{"pa", "off", R"({"resize":{"flavorRef":7}})", 400, "Ecs.0005"},
             refused{"pa", "off", R"({"resize":{"flavorRef":"big"},"dry_run":"true"})", 400, "Ecs.0005"},
             refused{"pa", "off", resize_body("big", R"(,"mode":"now")"), 400, "Ecs.0005"},
             refused{"pa", "off", resize_body("big", R"(,"extendparam":{"isAutoPay":true})"), 400, "Ecs.0005"},
             refused{"pa", "off", resize_body("big", R"(,"cpu_options":{"hw:cpu_threads":"2"})"), 400, "Ecs.0005"},
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

TEST(resize, is_told_of_by_its_job_in_the_documented_shape) {
    cloud c(world());
    const auto job = [&](const char* server, cloud::time at) {
        const auto id = member(post(c, "pa", server, resize_body("big")), "job_id");
        EXPECT_EQ(id.size(), 32U);
        return boost::json::parse(get(c, "/v1/pa/jobs/" + id, at).body);
    };
    const auto fresh = job("off", start);
    EXPECT_EQ(fresh.at("begin_time"), "1970-01-01T00:00:00.000Z");
    EXPECT_TRUE(fresh.at("end_time").is_null());
    EXPECT_TRUE(fresh.at("entities").as_object().empty());
    EXPECT_EQ(job("prepaid", start).at("entities"), boost::json::value({{"server_id", "prepaid"}}));
    const auto failed = job("broken", start + 1s);
    EXPECT_EQ(failed.at("end_time"), "1970-01-01T00:00:00.200Z");
    EXPECT_EQ(failed.at("entities").at("sub_jobs_total"), 1);
    const auto& part = failed.at("entities").at("sub_jobs").at(0);
    EXPECT_EQ(part.at("status"), "FAIL");
    EXPECT_EQ(part.at("error_code"), "Ecs.0207");
    EXPECT_EQ(part.at("entities").at("server_id"), "broken");
}

TEST(resize, can_follow_a_resize) {
    cloud c(world());
    EXPECT_EQ(post(c, "pa", "off", resize_body("big")).status, 200U);
    EXPECT_EQ(post(c, "pa", "off", resize_body("small"), "a", "v1.1", start + 1s).status, 200U);
    EXPECT_NE(get(c, "/v1/pa/cloudservers/off", start + 2s).body.find("\"id\":\"small\""), std::string::npos);
}

TEST(resize, of_a_prepaid_server_was_once_an_order_alone) {
    auto from = world();
    from.order_without_job = true;
    cloud c(from);
    EXPECT_EQ(post(c, "pa", "prepaid", resize_body("big")).body.find("job_id"), std::string::npos);
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

TEST(cloud, serves_a_token_in_its_own_project_only) {
    auto from = world();
    from.projects["pa2"] = {"a", ""};
    cloud c(from);
    const auto look = [&](const char* project) {
        return c.handle({"GET", "/v1/pa/cloudservers/off", "", {}, ""}, {"a", project}, start).status;
    };
    EXPECT_EQ(look("pa"), 200U);
    EXPECT_EQ(look("pa2"), 400U);
}

TEST(cloud, wants_a_project_header_to_be_that_of_the_path) {
    cloud c(world());
    const auto look = [&](const char* project) {
        return c.handle({"GET", "/v1/pa/cloudservers/off", "", {{"X-Project-Id", project}}, ""}, {"a"}, start).status;
    };
    EXPECT_EQ(look("pa"), 200U);
    EXPECT_EQ(look("pb"), 400U);
}

TEST(cloud, lists_what_a_server_can_become) {
    cloud c(world());
    const auto list = [&](const char* query) {
        return c.handle({"GET", "/v1/pa/cloudservers/resize_flavors", query, {}, ""}, {"a"}, start);
    };
    EXPECT_EQ(list("").status, 400U);
    EXPECT_EQ(list("x_instance_uuid=off").status, 400U);
    EXPECT_EQ(list("instance_uuid=nobody").status, 404U);
    EXPECT_EQ(list("instance_uuid=other").status, 404U) << "of another project";
    const auto flavors = boost::json::parse(list("limit=5&instance_uuid=off").body).at("flavors");
    ASSERT_EQ(flavors.as_array().size(), 2U);
    EXPECT_EQ(flavors.at(0).at("id"), "big");
    EXPECT_EQ(flavors.at(0).at("ram"), 4096);
    EXPECT_EQ(boost::json::parse(list("source_flavor_id=big").body).at("flavors").as_array().size(), 2U);
}

TEST(cloud, shows_a_running_server_stopped_while_it_is_resized_and_running_after) {
    cloud c(world());
    EXPECT_EQ(post(c, "pa", "on", resize_body("big", R"(,"mode":"withStopServer")")).status, 200U);
    const auto server = [&](cloud::time at) {
        return boost::json::parse(get(c, "/v1/pa/cloudservers/on", at).body).at("server");
    };
    EXPECT_EQ(server(start).at("status"), "RESIZE");
    EXPECT_EQ(server(start).at("OS-EXT-STS:vm_state"), "stopped");
    EXPECT_EQ(server(start + 1s).at("status"), "ACTIVE");
    EXPECT_EQ(server(start + 1s).at("OS-EXT-STS:vm_state"), "active");
}

TEST(cloud, knows_what_goes_wrong_with_calls_of_a_server) {
    cloud c(parse_seed(R"(
accounts: [{name: a, projects: [{id: p, region: cn-north-4}], domain_id: d}]
flavors: [{id: f}]
servers: [{id: s, project: p, flavor: f, fault: {status: 503, body: busy, delay_ms: 5, close_after_bytes: 7}}]
)"));
    const auto* const wrong = c.fault_of({"GET", "/v1/p/cloudservers/s", "", {}, ""});
    ASSERT_NE(wrong, nullptr);
    EXPECT_EQ(wrong->delay, 5ms);
    EXPECT_EQ(wrong->close_after, 7U);
    EXPECT_EQ(c.fault_of({"GET", "/v1/p/cloudservers/resize_flavors", "", {}, ""}), nullptr);
    const auto got = c.handle({"GET", "/v1/p/cloudservers/s", "", {}, ""}, {"a"}, start);
    EXPECT_EQ(got.status, 503U);
    EXPECT_EQ(got.body, "busy");
}

TEST(cloud, has_no_other_paths) {
    cloud c(world());
    for (const char* path :
         {"/", "/v1/pa/jobs", "/v2/pa/jobs/x", "/v1/pa/cloudservers/off/resize", "/v1/pa/cloudservers/off/x",
          "/v1.1/pa/cloudservers/off", "//v1/pa/jobs/x", "/v1/pa/jobs/x/", "v1/pa/jobs/x"})
        EXPECT_EQ(get(c, path, start).status, 404U) << path;
}

TEST(seed, with_an_unknown_key_or_name_is_refused) {
    for (const char* yaml :
         {"acounts: []", "accounts: [{name: a, key: []}]", "servers: [{id: s, project: p, flavor: f}]", "a: b: c",
          "tokens: [{token: t}]", "tokens: [{token: t, project: p}]"})
        EXPECT_THROW(static_cast<void>(parse_seed(yaml)), std::runtime_error) << yaml;
}

TEST(seed, of_a_token_names_an_account_or_a_project) {
    const auto s =
        parse_seed("{accounts: [{name: a, projects: [p]}], tokens: [{token: t, project: p}, {token: u, account: a}]}");
    EXPECT_EQ(s.tokens.at("t").account, "a");
    EXPECT_EQ(s.tokens.at("t").project, "p");
    EXPECT_EQ(s.tokens.at("u").account, "a");
    EXPECT_EQ(s.tokens.at("u").project, "");
}

TEST(seed, of_the_demo_can_be_read) {
    const auto s = read_seed("tools/simulator/demo-seed.yaml");
    EXPECT_EQ(s.servers.at("459a2b9d-804a-4745-ab19-a113bb1b4ddc").flavor, "s3.large.2");
    EXPECT_EQ(s.servers.at("5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21").status, "ACTIVE");
    EXPECT_EQ(s.servers.at("0d6e4c1b-2f3a-4b5c-8d7e-9f0a1b2c3d4e").charging_mode, "1");
    EXPECT_EQ(s.goes.init + s.goes.running, 2s);
}

}  // namespace
}  // namespace simulator
