// What a test can turn and read, and the parts that only this needs.

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "expiring.hpp"
#include "front.hpp"
#include "gateway/base/time.hpp"
#include "signed_call.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;
using time = std::chrono::system_clock::time_point;

const time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 10h};

struct control : testing::Test {
    front cloud{parse_seed(R"(
accounts:
  - name: a
    keys: [{access_key: ONE, secret_key: SK}, {access_key: TWO, secret_key: SK}]
    projects: [p]
    agencies: [{name: self, trusts: a}]
flavors: [{id: small}]
servers: [{id: s, project: p, flavor: small}]
metadata: {account: a}
)"),
                true};
    answer turn(const char* what, const std::string& body) {
        return cloud.handle({"POST", std::string("/simulator/") + what, "", {}, body}, start).with;
    }
    boost::json::value read(const char* what) {
        return boost::json::parse(
            cloud.handle({"GET", std::string("/simulator/") + what, "", {}, ""}, start).with.body);
    }
    unsigned look(const pair_of_keys& by, time signed_at = start, time now = start) {
        return cloud.handle(signed_call({"GET", "/v1/p/cloudservers/s", "", {}, ""}, by, signed_at), now).with.status;
    }
    pair_of_keys assume() {
        return issued_pair(cloud
                               .handle(signed_call({"POST",
                                                    "/v3.0/OS-CREDENTIAL/securitytokens",
                                                    "",
                                                    {},
                                                    R"({"auth":{"identity":{"methods":["assume_role"],"assume_role":
                                         {"agency_name":"self","domain_name":"a"}}}})"},
                                                   {"ONE", "SK"}, start),
                                       start)
                               .with);
    }
};

TEST_F(control, counts_calls_by_kind) {
    EXPECT_EQ(look({"ONE", "SK"}), 200U);
    EXPECT_EQ(look({"ONE", "wrong"}), 401U);
    static_cast<void>(assume());
    static_cast<void>(cloud.handle({"POST", "/v3/auth/tokens", "", {}, ""}, start));
    static_cast<void>(cloud.handle_metadata({"PUT", "/meta-data/latest/api/token", "", {}, ""}, start));
    for (int i = 0; i < 2; ++i)
        static_cast<void>(cloud.handle_metadata({"GET", "/openstack/latest/securitykey", "", {}, ""}, start));
    EXPECT_EQ(read("counts"), boost::json::value({{"tokens", 1},
                                                  {"securitytokens", 1},
                                                  {"metadata_token", 1},
                                                  {"metadata_securitykey", 2},
                                                  {"ecs", 2},
                                                  {"refused", 1}}));
}

TEST_F(control, tells_which_keys_are_in_use) {
    EXPECT_EQ(look({"TWO", "SK"}), 200U);
    EXPECT_EQ(look({"TWO", "SK"}, start + 2s, start + 2s), 200U);
    const auto fresh = assume();
    EXPECT_EQ(look(fresh, start + 3s, start + 3s), 200U);
    EXPECT_EQ(look({"TWO", "wrong"}, start + 4s, start + 4s), 401U);
    const auto seen = read("secrets_seen");
    ASSERT_EQ(seen.as_array().size(), 3U);
    EXPECT_EQ(seen.at(0).at("access_key"), fresh.access_key.c_str());
    EXPECT_EQ(seen.at(1),
              boost::json::value({{"access_key", "TWO"}, {"calls", 2}, {"last_used", "2026-11-23T10:00:02.000000Z"}}));
    EXPECT_EQ(seen.at(2).at("access_key"), "ONE") << "which signed for the agency";
}

TEST_F(control, moves_the_clock_of_the_whole_cloud) {
    ASSERT_EQ(turn("clock", R"({"offset_s":1200})").status, 200U);
    EXPECT_EQ(look({"ONE", "SK"}), 401U) << "signed by a clock that is 20 minutes behind";
    EXPECT_EQ(look({"ONE", "SK"}, start + 20min), 200U);
    EXPECT_EQ(cloud.clock().at(start), start + 20min);
    ASSERT_EQ(turn("clock", R"({"offset_s":-1200})").status, 200U);
    EXPECT_EQ(look({"ONE", "SK"}, start - 20min), 200U);
    ASSERT_EQ(turn("clock", R"({"offset_s":0})").status, 200U);
    EXPECT_EQ(look({"ONE", "SK"}), 200U);
}

TEST_F(control, revokes_pairs) {
    const auto fresh = assume();
    EXPECT_EQ(look(fresh), 200U);
    ASSERT_EQ(turn("revoke", R"({"what":"tokens"})").status, 200U);
    EXPECT_EQ(look(fresh), 200U);
    ASSERT_EQ(turn("revoke", R"({"what":"pairs"})").status, 200U);
    EXPECT_EQ(look(fresh), 401U);
    EXPECT_EQ(look({"ONE", "SK"}), 200U) << "a key of the seed stays";
}

TEST_F(control, revokes_sessions_of_the_metadata_service) {
    const auto session = cloud.handle_metadata(
        {"PUT", "/meta-data/latest/api/token", "", {{"X-Metadata-Token-Ttl-Seconds", "60"}}, ""}, start);
    const call what{"GET", "/openstack/latest/securitykey", "", {{"X-Metadata-Token", session.with.body}}, ""};
    EXPECT_EQ(cloud.handle_metadata(what, start).with.status, 200U);
    ASSERT_EQ(turn("revoke", R"({"what":"sessions"})").status, 200U);
    EXPECT_EQ(cloud.handle_metadata(what, start).with.status, 401U);
}

TEST_F(control, changes_keys_of_the_seed) {
    ASSERT_EQ(turn("key", R"({"access_key":"ONE","enabled":false})").status, 200U);
    EXPECT_EQ(look({"ONE", "SK"}), 401U);
    ASSERT_EQ(turn("key", R"({"access_key":"ONE","enabled":true})").status, 200U);
    EXPECT_EQ(look({"ONE", "SK"}), 200U);
    ASSERT_EQ(turn("key", R"({"access_key":"ONE","secret_key":"new"})").status, 200U);
    EXPECT_EQ(look({"ONE", "SK"}), 401U);
    EXPECT_EQ(look({"ONE", "new"}), 200U);
    EXPECT_EQ(turn("key", R"({"access_key":"NONE","enabled":true})").status, 404U);
}

TEST_F(control, refuses_what_it_does_not_know) {
    for (const auto& [what, body] :
         std::vector<std::pair<const char*, const char*>>{{"iam", ""},
                                                          {"iam", "[]"},
                                                          {"iam", R"({"fault":"tired"})"},
                                                          {"iam", R"({"fault":1})"},
                                                          {"iam", R"({"life":1})"},
                                                          {"iam", R"({"life_ms":-1})"},
                                                          {"iam", R"({"delay_ms":"1"})"},
                                                          {"metadata", R"({"fault":"tired"})"},
                                                          {"clock", "{}"},
                                                          {"clock", R"({"offset_s":1.5})"},
                                                          {"clock", R"({"offset_s":1000000000000})"},
                                                          {"revoke", "{}"},
                                                          {"revoke", R"({"what":"keys"})"},
                                                          {"key", R"({"enabled":true})"},
                                                          {"key", R"({"access_key":"ONE","enabled":1})"},
                                                          {"key", R"({"access_key":"ONE","secret":"x"})"}})
        EXPECT_EQ(turn(what, body).status, 400U) << what << body;
    EXPECT_EQ(turn("counts", "{}").status, 404U);
}

TEST(front, has_no_control_unless_asked_for) {
    front cloud(parse_seed("accounts: [{name: a}]"), false);
    EXPECT_EQ(cloud.handle({"GET", "/simulator/counts", "", {}, ""}, start).with.status, 401U);
}

TEST(moved_clock, writes_the_date_as_http_has_it) {
    EXPECT_EQ(http_date(start), "Mon, 23 Nov 2026 10:00:00 GMT");
    EXPECT_EQ(http_date(time(784111777s) + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(expiring, tells_what_is_over_from_what_never_was_for_an_hour) {
    expiring<int> things(10);
    things.add("old", 1, start, start);
    things.add("new", 2, start + 1h, start + 1h);
    ASSERT_NE(things.find("old"), nullptr);
    EXPECT_EQ(things.find("old")->until, start);
    EXPECT_EQ(things.find("none"), nullptr);
    things.add("newer", 3, start + 2h, start + 1h + 1s);
    EXPECT_EQ(things.find("old"), nullptr);
    EXPECT_EQ(things.size(), 2U);
}

TEST(expiring, has_room_for_so_many_and_drops_what_ends_first) {
    expiring<int> things(2);
    things.add("long", 1, start + 3h, start);
    things.add("short", 2, start + 1h, start);
    things.add("middle", 3, start + 2h, start);
    EXPECT_EQ(things.size(), 2U);
    EXPECT_EQ(things.find("short"), nullptr);
    ASSERT_NE(things.find("long"), nullptr);
    EXPECT_EQ(things.find("long")->what, 1);
    things.revoke_all();
    EXPECT_TRUE(things.find("middle")->revoked);
}

TEST(seed, of_iam_with_an_unknown_key_or_name_is_refused) {
    for (const char* yaml :
         {"iam: {life: 1}", "iam: {token_life_ms: -1}", "metadata: {account: a}",
          "{accounts: [{name: a}], metadata: {account: a, mode: off}}",
          "{accounts: [{name: a}], metadata: {account: a, token_mode: optional}}",
          "accounts: [{name: a, agencies: [{name: x, trusts: b}]}]", "accounts: [{name: a, agencies: [{name: x}]}]",
          "accounts: [{name: a, users: [{name: u}]}]", "accounts: [{name: a, users: [{name: u, pass: p}]}]",
          "accounts: [{name: a, users: [{name: u, password: p}, {name: u, password: q}]}]"})
        EXPECT_THROW(static_cast<void>(parse_seed(yaml)), std::runtime_error) << yaml;
}

TEST(seed, gives_an_account_an_id_that_stays) {
    const char* const yaml = "accounts: [{name: a}, {name: b}]";
    const auto id = parse_seed(yaml).accounts.at("a").domain_id;
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(id, parse_seed(yaml).accounts.at("a").domain_id);
    EXPECT_NE(id, parse_seed(yaml).accounts.at("b").domain_id);
}

}  // namespace
}  // namespace simulator
