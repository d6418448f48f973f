#include <gtest/gtest.h>

#include "world.hpp"

namespace gateway::callers {
namespace {

// The result for the head of a request, before its body.
std::string verdict(const sent& request, std::string_view listener = outer, std::chrono::sys_seconds time = now) {
    const directory known_callers = load(world());
    const auto views = request.fields();
    const auto refused = known_callers.check_head({request.method, request.path, request.query, views, {}},
                                                  connection_of(listener), a_resize, time);
    return refused ? std::string(name_of(refused->reason)) : "may be a caller's";
}

sent algorithm(std::string name, std::string value) {
    sent request;
    request.set(name, std::move(value));
    return request;
}

sent signed_by(std::string_view access_key, std::chrono::sys_seconds time = now) {
    sent request;
    request.sign(access_key, "whatever the secret is", time);
    return request;
}

TEST(head, without_a_proof_is_nobodys) { EXPECT_EQ(verdict({}), "no_proof"); }

TEST(head, of_an_unknown_api_key_is_nobodys) {
    EXPECT_EQ(verdict(algorithm("X-Api-Key", "ci-key")), "may be a caller's");
    EXPECT_EQ(verdict(algorithm("X-Api-Key", "wrong")), "unknown_api_key");
    EXPECT_EQ(verdict(algorithm("Authorization", "Bearer wrong")), "unknown_api_key");
    EXPECT_EQ(verdict(algorithm("Authorization", "Basic ci-key")), "unsupported_scheme");
}

TEST(head, of_a_signature_is_nobodys_by_its_access_key_or_date) {
    EXPECT_EQ(verdict(signed_by("GWPLANNER1")), "may be a caller's");
    EXPECT_EQ(verdict(signed_by("GWUNKNOWN1")), "unknown_access_key");
    EXPECT_EQ(verdict(signed_by("GWPLANNER1", now - 15min)), "may be a caller's");
    EXPECT_EQ(verdict(signed_by("GWPLANNER1", now - 15min - 1s)), "outside_window");
    EXPECT_EQ(verdict(signed_by("GWPLANNER1", now + 15min + 1s)), "outside_window");
    EXPECT_EQ(verdict(signed_by("GWUNKNOWN1", now + 1h)), "unknown_access_key");
    sent undated = signed_by("GWPLANNER1");
    undated.set("X-Sdk-Date", "yesterday");
    EXPECT_EQ(verdict(undated), "unreadable_date");
    EXPECT_EQ(verdict(algorithm("Authorization", "SDK-HMAC-SHA256 Access=GWPLANNER1")), "malformed_authorization");
}

TEST(head, through_a_listener_that_is_a_proof_may_be_a_callers) {
    EXPECT_EQ(verdict({}, local), "may be a caller's");
    EXPECT_EQ(verdict(signed_by("GWUNKNOWN1"), local), "unknown_access_key");
}

// What is refused by its head is refused with its body, too.
TEST(head, is_never_refused_where_the_whole_request_is_taken) {
    const directory known_callers = load(world());
    sent good;
    good.sign("GWPLANNER1", "planner-secret");
    for (const sent& request : {good, algorithm("X-Api-Key", "ci-key"), algorithm("X-Auth-Token", "ci-key")}) {
        EXPECT_TRUE(outcome(known_callers, request).find(" by ") != std::string::npos)
            << outcome(known_callers, request);
        EXPECT_EQ(verdict(request), "may be a caller's");
    }
}

}  // namespace
}  // namespace gateway::callers
