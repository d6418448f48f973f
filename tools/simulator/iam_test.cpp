#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>
#include <vector>

#include "front.hpp"
#include "signed_call.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;
using time = std::chrono::system_clock::time_point;

const time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 10h};

const char* const world = R"(
accounts:
  - name: partner
    domain_id: d-partner
    keys:
      - {access_key: AK, secret_key: SK}
      - {access_key: WEAK, secret_key: SK, agent_operator: false}
    projects: [{id: pp, region: cn-north-4}, {id: pp2, region: cn-south-1, name: second}]
    users:
      - {name: gateway, password: right}
      - {name: off, password: right, enabled: false}
      - {name: plain, password: right, agent_operator: false}
  - name: globex
    domain_id: d-globex
    projects: [{id: pg, region: cn-north-4}]
    agencies: [{name: resize, trusts: partner}, {name: other, trusts: acme}]
  - {name: acme, projects: [pa]}
flavors: [{id: small}]
servers: [{id: sp, project: pp, flavor: small}, {id: sp2, project: pp2, flavor: small}, {id: sg, project: pg, flavor: small}]
iam: {wrong_passwords_lock: 3}
)";

// A cloud, what time it is, and its clients.
struct iam_calls : testing::Test {
    front cloud{parse_seed(world), true};
    time now = start;
    const pair_of_keys partner{"AK", "SK"};

    answer send(const call& what) { return cloud.handle(what, now).with; }
    answer post(const std::string& path, const std::string& body, const std::string& token = "") {
        call what{"POST", path, "", {}, body};
        if (!token.empty()) what.headers.emplace_back("X-Auth-Token", token);
        return send(what);
    }
    answer token(const std::string& user, const std::string& password, const std::string& scope = "",
                 const std::string& query = "nocatalog=true") {
        call what{"POST", "/v3/auth/tokens", query, {}, ""};
        what.body = R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":")" + user +
                    R"(","password":")" + password + R"(","domain":{"name":"partner"}}}})" +
                    (scope.empty() ? "" : ",\"scope\":" + scope) + "}}";
        return send(what);
    }
    std::string good_token(const std::string& scope = R"({"project":{"id":"pp"}})") {
        return header_of(token("gateway", "right", scope), "X-Subject-Token");
    }
    static std::string role(const std::string& agency, const std::string& more = "",
                            const std::string& domain = R"("domain_name":"globex")") {
        return R"({"auth":{"identity":{"methods":["assume_role"],"assume_role":{"agency_name":")" + agency + "\"," +
               domain + more + "}}}}";
    }
    answer pair(const std::string& body, const pair_of_keys& by) {
        return send(signed_call({"POST", "/v3.0/OS-CREDENTIAL/securitytokens", "", {}, body}, by, now));
    }
    static call look(const char* path) { return {"GET", path, "", {}, ""}; }
    answer look_signed(const char* path, const pair_of_keys& by) { return send(signed_call(look(path), by, now)); }
    answer look_by_token(const char* path, const std::string& token) {
        call what = look(path);
        what.headers.emplace_back("X-Auth-Token", token);
        return send(what);
    }
    void turn(const char* what, const std::string& body) {
        ASSERT_EQ(post(std::string("/simulator/") + what, body).status, 200U);
    }
};

constexpr const char* sp = "/v1/pp/cloudservers/sp";
constexpr const char* sp2 = "/v1/pp2/cloudservers/sp2";
constexpr const char* sg = "/v1/pg/cloudservers/sg";

void expect_refused(const answer& got, const std::string& text) {
    EXPECT_EQ(got.status, 401U);
    EXPECT_NE(got.body.find(text), std::string::npos) << got.body;
}

TEST_F(iam_calls, issue_a_token_of_a_project_for_a_password) {
    const auto got = token("gateway", "right", R"({"project":{"id":"pp"},"domain":{"name":"globex"}})");
    ASSERT_EQ(got.status, 201U) << got.body;
    const auto about = boost::json::parse(got.body).at("token");
    EXPECT_EQ(about.at("issued_at"), "2026-11-23T10:00:00.000000Z");
    EXPECT_EQ(about.at("expires_at"), "2026-11-24T10:00:00.000000Z");
    EXPECT_EQ(about.at("methods"), boost::json::value({"password"}));
    EXPECT_EQ(about.at("project").at("id"), "pp");
    EXPECT_EQ(about.at("project").at("name"), "cn-north-4");
    EXPECT_EQ(about.at("user").at("name"), "gateway");
    EXPECT_EQ(about.at("user").at("domain"), boost::json::value({{"id", "d-partner"}, {"name", "partner"}}));
    EXPECT_EQ(about.at("roles").at(0).at("id"), "0");
    EXPECT_FALSE(about.as_object().contains("catalog"));
    EXPECT_FALSE(about.as_object().contains("domain")) << "a project wins";
    const auto issued = header_of(got, "X-Subject-Token");
    EXPECT_GT(issued.size(), 1000U);
    EXPECT_EQ(got.body.find(issued), std::string::npos);
    EXPECT_EQ(look_by_token(sp, issued).status, 200U);
    EXPECT_EQ(look_by_token(sp2, issued).status, 400U) << "of another project";
    EXPECT_EQ(look_by_token(sg, issued).status, 400U) << "of another account";
}

TEST_F(iam_calls, issue_tokens_by_the_scope) {
    struct row {
        const char* scope;
        unsigned status;
        const char* member;
    };
    for (const auto& r : {
             row{R"({"project":{"name":"cn-north-4"}})", 201, "\"id\":\"pp\""},
             row{R"({"project":{"name":"second"}})", 201, "\"id\":\"pp2\""},
             row{R"({"domain":{"name":"partner"}})", 201, "\"domain\":{\"id\":\"d-partner\""},
             row{R"({"domain":{"id":"d-partner"}})", 201, "\"domain\":{\"id\":\"d-partner\""},
             row{"", 201, "\"token\""},
             row{R"({"project":{"id":"pg"}})", 404, "project"},
             row{R"({"project":{"id":"none"}})", 404, "project"},
             row{R"({"domain":{"name":"globex"}})", 404, "domain"},
             row{"{}", 400, "scope"},
         }) {
        const auto got = token("gateway", "right", r.scope);
        EXPECT_EQ(got.status, r.status) << r.scope;
        EXPECT_NE(got.body.find(r.member), std::string::npos) << r.scope << got.body;
    }
}

TEST_F(iam_calls, issue_tokens_that_ecs_has_no_use_for_without_a_project) {
    for (const char* scope : {"", R"({"domain":{"name":"partner"}})"})
        EXPECT_EQ(look_by_token(sp, good_token(scope)).status, 400U) << scope;
}

TEST_F(iam_calls, list_the_catalog_unless_told_not_to) {
    for (const char* query : {"", "nocatalog=", "x=1", "nocatalog"})
        EXPECT_NE(token("gateway", "right", "", query).body.find("catalog"), std::string::npos) << query;
    for (const char* query : {"nocatalog=true", "x=1&nocatalog=1&y=2"})
        EXPECT_EQ(token("gateway", "right", "", query).body.find("catalog"), std::string::npos) << query;
}

TEST_F(iam_calls, refuse_in_the_shape_of_iam) {
    const auto got = token("gateway", "wrong");
    EXPECT_EQ(got.body,
              R"({"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}})");
    EXPECT_EQ(token("nobody", "right").status, 401U);
    EXPECT_EQ(token("off", "right").status, 403U);
    for (
        const char* body :
        {"", "[]", "{}", R"({"auth":{"identity":{"methods":[]}}})", R"({"auth":{"identity":{"methods":["totp"]}}})",
         R"({"auth":{"identity":{"methods":["token"]}}})", R"({"auth":{"identity":{"methods":["password"]}}})",
         R"({"auth":{"identity":{"methods":["password","totp"],"password":{"user":{"name":"gateway","password":"right","domain":{"name":"partner"}}}}}})",
         R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"gateway","password":"right"}}}}})"})
        EXPECT_EQ(post("/v3/auth/tokens", body).status, 400U) << body;
}

TEST_F(iam_calls, lock_a_user_after_so_many_wrong_passwords_in_a_row) {
    for (int i = 0; i < 2; ++i)
        expect_refused(token("gateway", "wrong"), "password is wrong");
    EXPECT_EQ(token("gateway", "right").status, 201U) << "a right one in between";
    for (int i = 0; i < 3; ++i)
        expect_refused(token("gateway", "wrong"), "password is wrong");
    expect_refused(token("gateway", "right"), "locked");
    EXPECT_EQ(token("plain", "right").status, 201U) << "another user";
    now += 15min;
    EXPECT_EQ(token("gateway", "right").status, 201U);
}

TEST_F(iam_calls, issue_a_pair_of_an_agency_that_opens_the_gate_until_its_end) {
    const auto got = pair(role("resize", R"(,"duration_seconds":1800,"session_user":{"name":"ecs-gateway"})"), partner);
    ASSERT_EQ(got.status, 201U) << got.body;
    EXPECT_EQ(boost::json::parse(got.body).at("credential").at("expires_at"), "2026-11-23T10:30:00.000000Z");
    const auto fresh = issued_pair(got);
    EXPECT_EQ(look_signed(sg, fresh).status, 200U);
    EXPECT_EQ(look_signed(sp, fresh).status, 400U) << "the agency is of another account";
    now += 30min - 1s;
    EXPECT_EQ(look_signed(sg, fresh).status, 200U);
    now += 1s;
    expect_refused(look_signed(sg, fresh),
                   "\"error_msg\":\"Incorrect IAM authentication information: security token expired\"");
}

TEST_F(iam_calls, issue_another_pair_each_time) {
    std::set<std::string> seen;
    for (int i = 0; i < 3; ++i) {
        const auto fresh = issued_pair(pair(role("resize"), partner));
        seen.insert({fresh.access_key, fresh.secret_key, fresh.security_token});
        EXPECT_EQ(look_signed(sg, fresh).status, 200U);
    }
    EXPECT_EQ(seen.size(), 9U);
}

TEST_F(iam_calls, take_a_pair_only_with_its_signed_token) {
    const auto fresh = issued_pair(pair(role("resize"), partner));
    auto without = fresh, foreign = fresh, forged = fresh;
    without.security_token.clear();
    foreign.security_token = issued_pair(pair(role("resize"), partner)).security_token;
    forged.secret_key += "x";
    for (const auto& wrong : {without, foreign, forged})
        expect_refused(look_signed(sg, wrong), "verify aksk signature fail");
    EXPECT_EQ(look_signed(sg, fresh).status, 200U);
}

TEST_F(iam_calls, want_the_documented_body_for_a_pair) {
    struct row {
        std::string body;
        unsigned status;
    };
    for (const auto& r : {
             row{role("resize", "", R"("domain_id":"d-globex")"), 201},
             row{role("resize", R"(,"duration_seconds":900)"), 201},
             row{role("resize", R"(,"duration_seconds":86400)"), 201},
             row{role("resize", R"(,"duration_seconds":899)"), 400},
             row{role("resize", R"(,"duration_seconds":86401)"), 400},
             row{role("resize", R"(,"duration_seconds":"900")"), 400},
             row{role("resize", R"(,"session_user":{"name":"9lives"})"), 400},
             row{role("resize", R"(,"session_user":{"name":"a*"})"), 400},
             row{role("resize", R"(,"session_user":{})"), 400},
             row{role(""), 400},
             row{role("resize", "", R"("domain":"globex")"), 400},
             row{R"({"auth":{"identity":{"methods":["token"]}}})", 400},  // which needs a token to show
             row{"", 400},
             row{role("none"), 404},
             row{role("resize", "", R"("domain_name":"nobody")"), 404},
             row{role("resize", "", R"("domain_id":"globex")"), 404},
             row{role("other"), 403},
         })
        EXPECT_EQ(pair(r.body, partner).status, r.status) << r.body;
}

TEST_F(iam_calls, want_agent_operator_of_who_assumes_an_agency) {
    EXPECT_EQ(pair(role("resize"), {"WEAK", "SK"}).status, 403U);
    const auto weak = header_of(token("plain", "right"), "X-Subject-Token");
    EXPECT_EQ(post("/v3.0/OS-CREDENTIAL/securitytokens", role("resize"), weak).status, 403U);
    EXPECT_EQ(post("/v3.0/OS-CREDENTIAL/securitytokens", role("resize"), good_token()).status, 201U);
}

TEST_F(iam_calls, issue_nothing_without_a_proof) {
    const std::string path = "/v3.0/OS-CREDENTIAL/securitytokens";
    expect_refused(post(path, role("resize")), "\"title\":\"Unauthorized\"");
    expect_refused(post(path, role("resize"), "forged"), "\"title\":\"Unauthorized\"");
    expect_refused(pair(role("resize"), {"AK", "another"}), "APIGW.0301");
    const auto old = good_token();
    now += 24h;
    expect_refused(post(path, role("resize"), old), "The token must be updated");
}

TEST_F(iam_calls, issue_a_pair_for_a_token_and_to_a_temporary_pair) {
    const auto got =
        post("/v3.0/OS-CREDENTIAL/securitytokens",
             R"({"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":900}}}})", good_token());
    ASSERT_EQ(got.status, 201U) << got.body;
    const auto own = issued_pair(got);
    EXPECT_EQ(look_signed(sp, own).status, 200U);
    EXPECT_EQ(look_signed(sg, issued_pair(pair(role("resize"), own))).status, 200U);
}

TEST_F(iam_calls, issue_a_token_of_an_agency) {
    const auto ask = [&](const char* scope, const std::string& as) {
        auto body = role("resize");
        body.insert(body.size() - 2, scope);
        return post("/v3/auth/tokens", body, as);
    };
    const auto got = ask(R"(,"scope":{"project":{"name":"cn-north-4"}})", good_token());
    ASSERT_EQ(got.status, 201U) << got.body;
    const auto about = boost::json::parse(got.body).at("token");
    EXPECT_EQ(about.at("methods"), boost::json::value({"assume_role"}));
    EXPECT_EQ(about.at("user").at("name"), "globex/resize");
    EXPECT_EQ(about.at("user").at("domain").at("name"), "globex");
    EXPECT_EQ(about.at("assumed_by").at("user").at("name"), "gateway");
    EXPECT_EQ(about.at("project").at("id"), "pg");
    EXPECT_EQ(look_by_token(sg, header_of(got, "X-Subject-Token")).status, 200U);
    EXPECT_EQ(ask("", good_token()).status, 400U) << "a scope is required";
    EXPECT_EQ(ask(R"(,"scope":{"project":{"id":"pp"}})", good_token()).status, 404U) << "a project of its own account";
    expect_refused(ask(R"(,"scope":{"project":{"id":"pg"}})", ""), "Unauthorized");
}

TEST_F(iam_calls, end_a_token_with_the_words_of_the_cloud) {
    turn("iam", R"({"life_ms":2000})");
    const auto old = good_token();
    now += 2s - 1ms;
    EXPECT_EQ(look_by_token(sp, old).status, 200U);
    now += 1ms;
    expect_refused(look_by_token(sp, old),
                   "\"error_msg\":\"Incorrect IAM authentication information: token expires, "
                   "expires_at: 2026-11-23T10:00:02.000000Z\",\"error_code\":\"APIGW.0301\"");
    const auto fresh = good_token();
    turn("revoke", R"({"what":"pairs"})");
    EXPECT_EQ(look_by_token(sp, fresh).status, 200U);
    turn("revoke", R"({"what":"tokens"})");
    expect_refused(look_by_token(sp, fresh), "decrypt token fail");
    EXPECT_EQ(look_by_token(sp, good_token()).status, 200U) << "what is issued later";
}

TEST_F(iam_calls, count_toward_no_lock_what_is_over_but_wrong_signatures_do) {
    const auto revoked = issued_pair(pair(role("resize"), partner));
    turn("revoke", R"({"what":"all"})");
    for (int i = 0; i < 10; ++i)
        expect_refused(look_signed(sg, revoked), "security token expired");
    const auto expired = issued_pair(pair(role("resize"), partner));
    const auto issued_at = now;
    now += 15min;
    for (int i = 0; i < 10; ++i)
        expect_refused(look_signed(sg, expired), "security token expired");
    now = issued_at;
    EXPECT_EQ(look_signed(sg, expired).status, 200U);
    auto forged = expired;
    forged.secret_key += "x";
    for (int i = 0; i < 6; ++i)
        expect_refused(look_signed(sg, forged), "verify aksk signature fail");
    expect_refused(look_signed(sg, expired), "AK access failed to reach the limit");
}

TEST_F(iam_calls, do_what_a_test_wants_to_go_wrong) {
    const auto body = role("resize");
    for (const auto& [fault, status] : std::vector<std::pair<std::string, unsigned>>{{"down", 503},
                                                                                     {"unauthorized", 401},
                                                                                     {"forbidden", 403},
                                                                                     {"not_found", 404},
                                                                                     {"throttled", 429},
                                                                                     {"slow", 201},
                                                                                     {"none", 201}}) {
        turn("iam", R"({"fault":")" + fault + "\"}");
        const auto got = pair(body, partner);
        EXPECT_EQ(got.status, status) << fault;
        EXPECT_EQ(got.body.find("\"error\":{\"code\":" + std::to_string(status)) != std::string::npos, status != 201)
            << fault << got.body;
        EXPECT_EQ(header_of(got, "Retry-After"), fault == "throttled" ? "2" : "") << fault;
        EXPECT_EQ(token("gateway", "right").status, status) << fault;
        EXPECT_EQ(look_signed(sp, partner).status, 200U) << "ECS goes on";
    }
}

TEST_F(iam_calls, come_to_nothing_on_the_way_when_a_test_wants_it) {
    const auto way = [&](const std::string& trouble) {
        turn("iam", trouble);
        return cloud
            .handle(signed_call({"POST", "/v3.0/OS-CREDENTIAL/securitytokens", "", {}, role("resize")}, partner, now),
                    now)
            .how;
    };
    EXPECT_EQ(way(R"({"fault":"slow"})").delay, 10s);
    EXPECT_EQ(way(R"({"fault":"slow","delay_ms":70})").delay, 70ms);
    EXPECT_EQ(way(R"({"delay_ms":50})").delay, 50ms);
    EXPECT_TRUE(way(R"({"fault":"close"})").close_before_answer);
    EXPECT_TRUE(way(R"({"fault":"garbage"})").garbage);
    const auto again = way("{}");
    EXPECT_EQ(again.delay, 0ms);
    EXPECT_FALSE(again.close_before_answer || again.garbage);
}

TEST(iam, has_lives_and_delays_of_the_seed) {
    front cloud(parse_seed(R"(
accounts: [{name: a, keys: [{access_key: AK, secret_key: SK}], users: [{name: u, password: p}], agencies: [{name: self, trusts: a}]}]
iam: {token_life_ms: 3000, pair_life_ms: 2000, delay_ms: 40}
)"),
                false);
    const auto got = cloud.handle(
        {"POST",
         "/v3/auth/tokens",
         "",
         {},
         R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"u","password":"p","domain":{"name":"a"}}}}}})"},
        start);
    EXPECT_EQ(got.how.delay, 40ms);
    EXPECT_NE(got.with.body.find("\"expires_at\":\"2026-11-23T10:00:03.000000Z\""), std::string::npos) << got.with.body;
    const auto pair = cloud.handle(
        signed_call(
            {"POST",
             "/v3.0/OS-CREDENTIAL/securitytokens",
             "",
             {},
             R"({"auth":{"identity":{"methods":["assume_role"],"assume_role":{"agency_name":"self","domain_name":"a"}}}})"},
            {"AK", "SK"}, start),
        start);
    EXPECT_NE(pair.with.body.find("\"expires_at\":\"2026-11-23T10:00:02.000000Z\""), std::string::npos)
        << pair.with.body;
}

}  // namespace
}  // namespace simulator
