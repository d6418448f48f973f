#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "gateway/outcome/counters.hpp"

namespace gateway::outcome {
namespace {

using namespace std::chrono_literals;

record resize(std::string_view account, unsigned status) {
    record r;
    r.operation = "resize";
    r.account = account;
    r.region = "cn-north-4";
    r.decided = decision::allowed;
    r.status = status;
    r.duration = 3ms;
    return r;
}

totals totals_of(const counters& counted) {
    totals sums;
    counted.add_to(sums);
    return sums;
}

TEST(counters, count_calls_by_operation_account_decision_and_status) {
    counters c;
    c.count(resize("partner", 200));
    c.count(resize("partner", 200));
    c.count(resize("partner", 409));
    c.count(resize("acme", 200));
    record denied = resize("acme", 403);
    denied.decided = decision::denied;
    c.count(denied);
    const std::map<totals::call, std::uint64_t> expected{{{"resize", "partner", decision::allowed, 200}, 2},
                                                         {{"resize", "partner", decision::allowed, 409}, 1},
                                                         {{"resize", "acme", decision::allowed, 200}, 1},
                                                         {{"resize", "acme", decision::denied, 403}, 1}};
    EXPECT_EQ(totals_of(c).calls, expected);
}

TEST(counters, have_a_label_for_a_call_that_was_never_understood) {
    counters c;
    record r;
    r.status = 404;
    c.count(r);
    r.status = 0;  // nobody was there to get an answer
    c.count(r);
    r.status = 1234;  // no status: the label's values stay few
    c.count(r);
    const std::map<totals::call, std::uint64_t> expected{{{"none", "none", decision::rejected, 404}, 1},
                                                         {{"none", "none", decision::rejected, 0}, 2}};
    const auto sums = totals_of(c);
    EXPECT_EQ(sums.calls, expected);
    EXPECT_EQ(sums.call_seconds.count("none"), 1U);
    EXPECT_TRUE(sums.upstream_seconds.empty());
}

TEST(counters, add_the_regions_of_an_account_up_and_keep_their_times_apart) {
    counters c;
    record r = resize("partner", 200);
    r.upstream = 1ms;
    c.count(r);
    r.region = "eu-west-101";
    c.count(r);
    const auto sums = totals_of(c);
    EXPECT_EQ(sums.calls, (std::map<totals::call, std::uint64_t>{{{"resize", "partner", decision::allowed, 200}, 2}}));
    EXPECT_EQ(sums.upstream_seconds.at("cn-north-4").in_bucket[0], 1U);
    EXPECT_EQ(sums.upstream_seconds.at("eu-west-101").in_bucket[0], 1U);
}

TEST(counters, tell_label_sets_apart_whose_texts_together_are_the_same) {
    counters c;
    record r = resize("bc", 200);
    r.operation = "a";
    c.count(r);
    r.operation = "ab";
    r.account = "c";
    c.count(r);
    EXPECT_EQ(totals_of(c).calls.size(), 2U);
}

TEST(counters, tell_labels_of_every_length_apart) {
    counters c;
    for (std::size_t length = 1; length < 40; ++length) {
        for (std::size_t differs = 0; differs < length; ++differs) {
            std::string account(length, 'a');
            account[differs] = 'b';
            c.count(resize(account, 200));
        }
    }
    const auto sums = totals_of(c);
    EXPECT_EQ(sums.calls.size(), 39U * 40 / 2);
    for (const auto& [labels, calls] : sums.calls)
        EXPECT_EQ(calls, 1U) << labels.account;
}

TEST(counters, keep_labels_after_the_bytes_of_the_call_are_gone) {
    counters c;
    {
        std::string account = "an account whose name is too long for any small string";
        c.count(resize(account, 200));
        account.assign(account.size(), 'x');
    }
    EXPECT_EQ(totals_of(c).calls.begin()->first.account, "an account whose name is too long for any small string");
}

TEST(counters, put_a_time_into_the_first_bucket_that_holds_it) {
    const struct {
        std::chrono::microseconds time;
        std::size_t bucket;
    } cases[] = {{-5us, 0},   {0us, 0},    {999us, 0}, {1ms, 0},        {1001us, 1},
                 {2500us, 1}, {2501us, 2}, {60s, 14},  {60s + 1us, 15}, {1h, 15}};
    for (const auto& [time, bucket] : cases) {
        counters c;
        record r = resize("partner", 200);
        r.duration = time;
        r.upstream = time;
        c.count(r);
        const auto sums = totals_of(c);
        for (const auto& times : {sums.call_seconds.at("resize"), sums.upstream_seconds.at("cn-north-4")}) {
            std::array<std::uint64_t, time_buckets.size() + 1> expected{};
            expected.at(bucket) = 1;
            EXPECT_EQ(times.in_bucket, expected) << time.count();
            EXPECT_EQ(times.sum, std::max(0us, time));
        }
    }
}

TEST(counters, count_what_went_wrong_with_the_cloud) {
    counters c;
    c.count_failure("cn-north-4", upstream_error::connect);
    c.count_failure("cn-north-4", upstream_error::timeout);
    c.count_failure("eu-west-101", upstream_error::connect);
    for (const unsigned status : {200U, 401U, 404U, 429U, 500U, 503U}) {
        record r = resize("partner", status);
        r.upstream_status = status;
        c.count(r);
    }
    const std::map<std::pair<std::string, upstream_error>, std::uint64_t> expected{
        {{"cn-north-4", upstream_error::connect}, 1},
        {{"cn-north-4", upstream_error::timeout}, 1},
        {{"cn-north-4", upstream_error::credential_refused}, 1},
        {{"cn-north-4", upstream_error::server_error}, 2},
        {{"eu-west-101", upstream_error::connect}, 1}};
    EXPECT_EQ(totals_of(c).errors, expected);
}

TEST(counters, name_every_kind_of_upstream_error_differently) {
    std::map<std::string_view, int> seen;
    for (std::size_t i = 0; i < upstream_errors; ++i)
        ++seen[name_of(static_cast<upstream_error>(i))];
    EXPECT_EQ(seen.size(), upstream_errors);
    EXPECT_EQ(seen.count(""), 0U);
    EXPECT_EQ(name_of(upstream_error::server_error), "server_error");  // the last one
}

TEST(counters, stay_bounded_when_accounts_come_and_go) {
    counters c;
    for (std::size_t i = 0; i < max_call_series + 1000; ++i)
        c.count(resize("account-" + std::to_string(i), 200));
    for (std::size_t i = 0; i < max_regions + 10; ++i) {
        record r = resize("account-0", 200);
        const std::string region = "region-" + std::to_string(i);
        r.region = region;
        r.upstream = 1ms;
        c.count(r);
    }
    const auto sums = totals_of(c);
    EXPECT_EQ(sums.calls.size(), max_call_series + 1);
    EXPECT_EQ(sums.calls.at({"resize", "other", decision::allowed, 200}), 1000U + max_regions + 10);
    EXPECT_EQ(sums.calls.at({"resize", "account-0", decision::allowed, 200}), 1U);
    EXPECT_EQ(sums.upstream_seconds.size(), max_regions + 1);
    EXPECT_EQ(sums.upstream_seconds.at("other").in_bucket[0], 10U);
}

TEST(counters, of_several_workers_add_up) {
    counters one, two;
    record r = resize("partner", 200);
    r.upstream = 2ms;
    one.count(r);
    two.count(r);
    two.count(resize("acme", 200));
    two.count_failure("cn-north-4", upstream_error::read);
    totals sums;
    one.add_to(sums);
    two.add_to(sums);
    EXPECT_EQ(sums.calls.at({"resize", "partner", decision::allowed, 200}), 2U);
    EXPECT_EQ(sums.calls.at({"resize", "acme", decision::allowed, 200}), 1U);
    EXPECT_EQ(sums.call_seconds.at("resize").in_bucket[2], 3U);
    EXPECT_EQ(sums.call_seconds.at("resize").sum, 9ms);
    EXPECT_EQ(sums.upstream_seconds.at("cn-north-4").in_bucket[1], 2U);
    EXPECT_EQ(sums.errors.size(), 1U);
}

TEST(counters, can_be_read_while_they_count) {
    counters c;
    std::atomic<bool> counted{false};
    std::thread worker([&] {
        for (int i = 0; i < 3000; ++i)
            c.count(resize("account-" + std::to_string(i % 1000), 200));
        counted.store(true);
    });
    std::uint64_t before = 0;
    while (!counted.load()) {
        std::uint64_t now = 0;
        for (const auto& [labels, calls] : totals_of(c).calls)
            now += calls;
        EXPECT_GE(now, before);
        before = now;
    }
    worker.join();
    const auto sums = totals_of(c);
    ASSERT_EQ(sums.calls.size(), 1000U);
    for (const auto& [labels, calls] : sums.calls)
        EXPECT_EQ(calls, 3U) << labels.account;
}

}  // namespace
}  // namespace gateway::outcome
