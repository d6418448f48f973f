#include "entry.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace gateway::credential_refresh {
namespace {

using namespace std::chrono_literals;
using time = secret::time;

const time now = time() + 24h;

shared_secret pair_until(time expires) {
    auto made = credentials::make_pair(signing::algorithm::sdk_hmac_sha256, "AK", "SK", nullptr, true);
    made->expires = expires;
    return made;
}

entry entry_with(shared_secret held) {
    entry item;
    item.set_secret(std::move(held));
    return item;
}

TEST(entry, is_usable_until_its_secret_expires) {
    EXPECT_FALSE(entry{}.is_usable(now));
    EXPECT_TRUE(entry_with(pair_until(now + 1s)).is_usable(now));
    EXPECT_FALSE(entry_with(pair_until(now)).is_usable(now));
    EXPECT_TRUE(entry_with(pair_until(time::max())).is_usable(now));
}

// A refresh, a probe of an open breaker, a verification: the earliest, but nothing while a fetch is in progress.
TEST(entry, is_due_for_a_refresh_or_for_a_check_whichever_is_earlier) {
    const std::optional<time> none;
    struct {
        const char* name;
        std::optional<time> demanded, probe, verification;
        bool fetching;
        std::optional<time> due;
        bool is_check;  // at that time
    } const cases[] = {
        {"nothing", none, none, none, false, none, false},
        {"a refresh", now, none, none, false, now, false},
        {"a probe", none, now + 30s, none, false, now + 30s, true},
        {"a verification", none, none, now + 1s, false, now + 1s, true},
        {"a probe before a verification", none, now + 30s, now + 1s, false, now + 30s, true},
        {"a refresh before a probe", now, now + 30s, none, false, now, false},
        {"a probe before a refresh", now + 60s, now + 30s, none, false, now + 30s, true},
        {"both at once: the check could tell that a refresh is needed", now, now, none, false, now, true},
        {"a fetch is in progress", now, none, none, true, none, false},
    };
    for (const auto& c : cases) {
        entry item = entry_with(pair_until(now + 1h));
        if (c.demanded) item.schedule.on_demand(*c.demanded);
        item.probe_at = c.probe;
        item.verify_at = c.verification;
        item.fetching = c.fetching;
        EXPECT_EQ(item.next_due(), c.due) << c.name;
        EXPECT_EQ(item.is_check_due(c.due.value_or(now)), c.is_check) << c.name;
    }
}

TEST(entry, without_a_secret_has_no_check_due) {
    entry item;
    item.probe_at = now;
    item.verify_at = now;
    EXPECT_EQ(item.next_check(), std::nullopt);
    EXPECT_FALSE(item.is_check_due(now + 1h));
}

TEST(entry, forgets_old_failures_and_checks_with_a_new_secret) {
    entry item = entry_with(pair_until(now + 1h));
    item.probe_at = item.verify_at = now;
    item.failed_probes = 2;
    item.refusal_details = "APIGW.0301";
    item.last_failure.reason = "IAM can't be reached";
    item.set_secret(pair_until(now + 2h));
    EXPECT_EQ(item.next_due(), std::nullopt);
    EXPECT_EQ(item.failed_probes, 0U);
    EXPECT_EQ(item.full_reason(), "");
}

TEST(entry, that_loses_its_secret_keeps_the_reason_why_there_is_no_other) {
    entry item = entry_with(pair_until(now + 1h));
    item.probe_at = now;
    item.failed_probes = 2;
    item.last_failure.reason = "IAM can't be reached";
    item.clear_secret();
    EXPECT_EQ(item.next_due(), std::nullopt);
    EXPECT_EQ(item.failed_probes, 0U);
    EXPECT_EQ(item.reason(), "IAM can't be reached");
}

// Callers see reason(); the cloud's words, which may name users and accounts, are for operators.
TEST(entry, tells_callers_what_is_wrong_and_operators_the_cloud_s_words_too) {
    const std::string rested =
        "the cloud refused its signature three times in a row, so it is rested and tried again by itself";
    struct {
        bool is_open;
        const char *refusal, *failure, *details, *file_error;
        std::string reason, full_reason, dependent;
    } const cases[] = {
        {false, "", "", "", "", "", "", "acme-key did not come in time"},
        {false, "", "IAM refuses it: 401", "IAM.0101 user x", "", "IAM refuses it: 401",
         "IAM refuses it: 401: IAM.0101 user x", "acme-key: IAM refuses it: 401"},
        {true, "", "", "", "", rested, rested, "acme-key: " + rested},
        {true, "APIGW.0301", "old", "older", "", rested, rested + ": APIGW.0301", "acme-key: " + rested},
        {false, "", "", "", "sk is empty", "", "sk is empty", "acme-key did not come in time"},
    };
    for (const auto& c : cases) {
        entry item = entry_with(pair_until(now + 1h));
        if (c.is_open) item.probe_at = now;
        item.refusal_details = c.refusal;
        item.last_failure.reason = c.failure;
        item.last_failure.details = c.details;
        item.file_error = c.file_error;
        EXPECT_EQ(item.reason(), c.reason);
        EXPECT_EQ(item.full_reason(), c.full_reason);
        EXPECT_EQ(item.dependent_failure("acme-key").reason, c.dependent);
        EXPECT_EQ(item.dependent_failure("acme-key").details, c.is_open ? c.refusal : c.details);
    }
}

}  // namespace
}  // namespace gateway::credential_refresh
