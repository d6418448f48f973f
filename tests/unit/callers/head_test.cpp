#include <gtest/gtest.h>

#include "world.hpp"

namespace gateway::callers {
namespace {

// What the head of that request tells; the body is not there yet.
std::string verdict(const sent& what, std::string_view listener = outer, std::chrono::sys_seconds at = now) {
    const directory by = load(world());
    const auto views = what.fields();
    const auto refused =
        by.judge_head({what.method, what.path, what.query, views, {}}, through(listener), a_resize, at);
    return refused ? std::string(name_of(refused->why)) : "may be a caller's";
}

sent with(std::string name, std::string value) {
    sent what;
    what.set(name, std::move(value));
    return what;
}

sent signed_by(std::string_view access_key, std::chrono::sys_seconds at = now) {
    sent what;
    what.sign(access_key, "whatever the secret is", at);
    return what;
}

TEST(head, without_a_proof_is_nobodys) { EXPECT_EQ(verdict({}), "no_proof"); }

TEST(head, of_an_unknown_api_key_is_nobodys) {
    EXPECT_EQ(verdict(with("X-Api-Key", "ci-key")), "may be a caller's");
    EXPECT_EQ(verdict(with("X-Api-Key", "wrong")), "unknown_api_key");
    EXPECT_EQ(verdict(with("Authorization", "Bearer wrong")), "unknown_api_key");
    EXPECT_EQ(verdict(with("Authorization", "Basic ci-key")), "unsupported_scheme");
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
    EXPECT_EQ(verdict(with("Authorization", "SDK-HMAC-SHA256 Access=GWPLANNER1")), "malformed_authorization");
}

TEST(head, through_a_listener_that_is_a_proof_may_be_a_callers) {
    EXPECT_EQ(verdict({}, local), "may be a caller's");
    EXPECT_EQ(verdict(signed_by("GWUNKNOWN1"), local), "unknown_access_key");
}

// What is refused by its head is refused with its body, too.
TEST(head, is_never_refused_where_the_whole_request_is_taken) {
    const directory by = load(world());
    sent good;
    good.sign("GWPLANNER1", "planner-secret");
    for (const sent& what : {good, with("X-Api-Key", "ci-key"), with("X-Auth-Token", "ci-key")}) {
        EXPECT_TRUE(outcome(by, what).find(" by ") != std::string::npos) << outcome(by, what);
        EXPECT_EQ(verdict(what), "may be a caller's");
    }
}

}  // namespace
}  // namespace gateway::callers
