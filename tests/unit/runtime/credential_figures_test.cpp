#include "credential_figures.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace gateway::runtime {
namespace {

using namespace std::chrono_literals;
using credential_refresh::credential_status;
using trouble = admin::figures::trouble;
using time = std::chrono::steady_clock::time_point;

const time now = time() + 24h;

credential_status status(bool usable, bool refused, std::string reason, std::optional<time> expires = {}) {
    return {.name = "acme-key",
            .project = {},
            .usable = usable,
            .refused = refused,
            .reason = std::move(reason),
            .expires = expires};
}

TEST(credential_figures, show_how_bad_the_trouble_with_a_credential_is) {
    struct {
        const char* name;
        credential_status status;
        bool is_ready;
        std::optional<trouble> shown;
    } const cases[] = {
        {"in order", status(true, false, ""), true, std::nullopt},
        {"not fetched yet", status(false, false, ""), true, std::nullopt},
        {"can't be refreshed yet, and still serves", status(true, false, "IAM is down", now + 1h), true,
         trouble::old_one_serves},
        {"can't be refreshed, and has expired", status(true, false, "IAM is down", now), true, trouble::calls_fail},
        {"can't be fetched", status(false, false, "IAM is down"), false, trouble::calls_fail},
        {"refused by IAM, and the old one serves", status(true, true, "401", now + 1h), false, trouble::old_one_serves},
        {"refused by the cloud", status(false, true, "rested"), false, trouble::calls_fail},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(credential_reasons({c.status}).empty(), c.is_ready) << c.name;
        admin::figures all;
        add_credentials(all, {c.status}, now);
        const auto found = all.troubles.find("acme-key");
        EXPECT_EQ(found == all.troubles.end() ? std::nullopt : std::optional(found->second), c.shown) << c.name;
    }
}

TEST(credential_figures, name_the_credential_that_is_not_ready_and_why) {
    const auto reasons = credential_reasons({status(true, false, ""), status(false, false, "IAM is down")});
    ASSERT_EQ(reasons.size(), 1U);
    EXPECT_EQ(reasons[0].kind, "credential");
    EXPECT_EQ(reasons[0].name, "acme-key");
    EXPECT_EQ(reasons[0].text, "IAM is down");
}

TEST(credential_figures, of_a_token_with_several_projects_are_the_worst_the_sum_and_the_first_to_expire) {
    auto one = status(true, false, "IAM is down", now + 2h), other = status(false, false, "IAM is down", now + 1h),
         third = status(true, false, "", now + 3h);
    one.fetched = 3;
    other.fetched = 2;
    other.failed = 7;
    admin::figures all;
    add_credentials(all, {one, other, third}, now);
    EXPECT_EQ(all.troubles.at("acme-key"), trouble::calls_fail);
    EXPECT_EQ(all.refreshes.at("acme-key").succeeded, 5U);
    EXPECT_EQ(all.refreshes.at("acme-key").failed, 7U);
    EXPECT_EQ(all.expiry.at("acme-key"), 1h);
}

TEST(credential_figures, have_no_expiry_of_what_never_expires) {
    admin::figures all;
    add_credentials(all, {status(true, false, "")}, now);
    EXPECT_TRUE(all.expiry.empty());
    EXPECT_TRUE(all.refreshes.contains("acme-key"));
}

}  // namespace
}  // namespace gateway::runtime
