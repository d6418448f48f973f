#include "jobs.hpp"

#include <gtest/gtest.h>

namespace simulator {
namespace {

using namespace std::chrono_literals;

const time_point start{};

job running_from(std::optional<time_point> started) {
    job j;
    j.goes.init = 1s;
    j.goes.running = 9s;
    j.began = start;
    j.started = started;
    return j;
}

TEST(job, is_first_init_then_running_then_ended) {
    const job j = running_from(start);
    for (const auto& [at, status] : std::vector<std::pair<std::chrono::milliseconds, std::string>>{
             {0ms, "INIT"}, {999ms, "INIT"}, {1s, "RUNNING"}, {9999ms, "RUNNING"}, {10s, "SUCCESS"}, {24h, "SUCCESS"}})
        EXPECT_EQ(status_of(j, start + at), status) << at.count();
    EXPECT_EQ(end_of(j), start + 10s);
}

TEST(job, fails_where_it_goes_so) {
    job j = running_from(start);
    j.goes.end = job_end::fail;
    EXPECT_EQ(status_of(j, start + 9s), "RUNNING");
    EXPECT_EQ(status_of(j, start + 10s), "FAIL");
}

TEST(job, that_never_ends_runs_on) {
    job j = running_from(start);
    j.goes.end = job_end::never;
    EXPECT_EQ(status_of(j, start + 24h), "RUNNING");
    EXPECT_FALSE(end_of(j));
}

TEST(job, waits_for_payment_and_runs_from_then) {
    EXPECT_EQ(status_of(running_from(std::nullopt), start + 24h), "PENDING_PAYMENT");
    EXPECT_FALSE(end_of(running_from(std::nullopt)));
    const job paid = running_from(start + 1h);
    EXPECT_EQ(status_of(paid, start + 1h), "INIT");
    EXPECT_EQ(status_of(paid, start + 1h + 10s), "SUCCESS");
}

TEST(job, ends_when_a_test_ends_it_and_is_called_what_a_test_calls_it) {
    job j = running_from(start);
    j.ended = start + 2s;
    EXPECT_EQ(status_of(j, start + 1s), "RUNNING");
    EXPECT_EQ(status_of(j, start + 2s), "SUCCESS");
    j.shown_as = "SUSPENDED";
    EXPECT_EQ(status_of(j, start + 2s), "SUSPENDED");
}

TEST(order, has_the_status_of_its_payment_and_its_job) {
    order o;
    o.created = start;
    o.expires = start + 1h;
    EXPECT_EQ(status_of(o, nullptr, start + 59min), 6);
    EXPECT_EQ(status_of(o, nullptr, start + 1h), 4) << "nobody paid";
    order cancelled = o;
    cancelled.cancelled = start + 1min;
    EXPECT_EQ(status_of(cancelled, nullptr, start + 2min), 4);
    o.paid = start + 1min;
    const job work = running_from(o.paid);
    EXPECT_EQ(status_of(o, &work, start + 1min + 5s), 3);
    EXPECT_EQ(status_of(o, &work, start + 1min + 10s), 5);
    EXPECT_EQ(status_of(o, nullptr, start + 1min), 5) << "its job is no longer kept";
    o.shown_as = 9;
    EXPECT_EQ(status_of(o, &work, start + 2min), 9);
}

}  // namespace
}  // namespace simulator
