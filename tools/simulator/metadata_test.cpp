#include "metadata.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "front.hpp"
#include "signed_call.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;
using time = std::chrono::system_clock::time_point;

const time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 10h};

seed world(const std::string& metadata) {
    return parse_seed(R"(
accounts: [{name: a, projects: [p]}]
flavors: [{id: small}]
servers: [{id: s, project: p, flavor: small}]
metadata: )" + metadata);
}

answer begin(front& cloud, const char* ttl, time now = start) {
    call what{"PUT", "/meta-data/latest/api/token", "", {}, ""};
    if (ttl != nullptr) what.headers.emplace_back("X-Metadata-Token-Ttl-Seconds", ttl);
    return cloud.handle_metadata(what, now).with;
}

answer pair(front& cloud, const std::string& session, time now = start) {
    call what{"GET", "/openstack/latest/securitykey", "", {}, ""};
    if (!session.empty()) what.headers.emplace_back("X-Metadata-Token", session);
    return cloud.handle_metadata(what, now).with;
}

unsigned look(front& cloud, const pair_of_keys& by, time now) {
    return cloud.handle(signed_call({"GET", "/v1/p/cloudservers/s", "", {}, ""}, by, now), now).with.status;
}

TEST(metadata, gives_a_pair_of_its_account_to_who_shows_a_session_token) {
    front cloud(world("{account: a, pair_life_ms: 2000, token_mode: required}"), false);
    const auto session = begin(cloud, "21600");
    ASSERT_EQ(session.status, 200U);
    EXPECT_EQ(header_of(session, "Content-Type"), "text/plain");
    const auto got = pair(cloud, session.body);
    ASSERT_EQ(got.status, 200U);
    EXPECT_EQ(boost::json::parse(got.body).at("credential").at("expires_at"), "2026-11-23T10:00:02.000000Z");
    EXPECT_EQ(look(cloud, issued_pair(got), start + 1s), 200U);
    EXPECT_EQ(look(cloud, issued_pair(got), start + 2s), 401U);
}

TEST(metadata, wants_a_session_token_that_lives) {
    front cloud(world("{account: a}"), false);
    const auto session = begin(cloud, "60").body;
    EXPECT_EQ(pair(cloud, session, start + 59s).status, 200U);
    EXPECT_EQ(pair(cloud, session, start + 60s).status, 401U);
    for (const auto& wrong : {std::string(), session + "x"}) {
        const auto got = pair(cloud, wrong);
        EXPECT_EQ(got.status, 401U);
        EXPECT_EQ(got.body.find("Agency"), std::string::npos) << "only a server without an agency is told so";
    }
}

TEST(metadata, gives_no_session_token_for_an_odd_life) {
    front cloud(world("{account: a}"), false);
    for (const char* ttl : std::initializer_list<const char*>{nullptr, "", "0", "-1", "21601", "x", "60x"})
        EXPECT_EQ(begin(cloud, ttl).status, 400U) << (ttl == nullptr ? "none" : ttl);
}

TEST(metadata, knows_no_session_tokens_in_its_older_mode) {
    front cloud(world("{account: a, token_mode: off}"), false);
    EXPECT_EQ(begin(cloud, "21600").status, 404U);
    EXPECT_EQ(pair(cloud, "").status, 200U);
}

TEST(metadata, says_when_the_server_has_no_agency) {
    front cloud(world("{account: a, agency: false}"), false);
    const auto got = pair(cloud, begin(cloud, "60").body);
    EXPECT_EQ(got.status, 401U);
    EXPECT_NE(got.body.find("Please configure Cloud Service Agency first"), std::string::npos);
}

TEST(metadata, has_no_other_paths) {
    front cloud(world("{account: a, token_mode: off}"), false);
    EXPECT_EQ(cloud.handle_metadata({"GET", "/meta-data/latest/api/token", "", {}, ""}, start).with.status, 404U);
    EXPECT_EQ(cloud.handle_metadata({"GET", "/v1/p/cloudservers/s", "", {}, ""}, start).with.status, 404U);
    EXPECT_EQ(cloud.handle({"GET", "/openstack/latest/securitykey", "", {}, ""}, start).with.status, 401U);
}

TEST(metadata, goes_wrong_as_a_test_wants_it) {
    front cloud(world("{account: a, token_mode: off}"), true);
    const auto turn = [&](const std::string& body) {
        return cloud.handle({"POST", "/simulator/metadata", "", {}, body}, start).with.status;
    };
    for (const auto& [fault, status] : std::vector<std::pair<std::string, unsigned>>{{"down", 503},
                                                                                     {"unauthorized", 401},
                                                                                     {"forbidden", 403},
                                                                                     {"not_found", 404},
                                                                                     {"throttled", 429},
                                                                                     {"none", 200}}) {
        ASSERT_EQ(turn(R"({"fault":")" + fault + "\"}"), 200U);
        EXPECT_EQ(pair(cloud, "").status, status) << fault;
    }
    ASSERT_EQ(turn(R"({"fault":"close","delay_ms":30})"), 200U);
    const auto closed = cloud.handle_metadata({"GET", "/openstack/latest/securitykey", "", {}, ""}, start).how;
    EXPECT_TRUE(closed.close_before_answer);
    EXPECT_EQ(closed.delay, 30ms);
    ASSERT_EQ(turn(R"({"life_ms":1000})"), 200U);
    EXPECT_NE(pair(cloud, "").body.find("10:00:01.000000Z"), std::string::npos);
}

}  // namespace
}  // namespace simulator
