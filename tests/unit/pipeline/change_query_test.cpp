#include "change_query.hpp"

#include <gtest/gtest.h>

namespace gateway::pipeline {
namespace {

using namespace std::chrono_literals;

TEST(the_query_of_show_change, says_how_long_to_wait) {
    EXPECT_EQ(read_wait_query("").wait, 0s);
    EXPECT_EQ(read_wait_query("wait_s=1").wait, 1s);
    EXPECT_EQ(read_wait_query("wait_s=60").wait, 60s);
    for (const char* query : {"wait_s=0", "wait_s=61", "wait_s=", "wait_s", "wait_s=1s", "wait_s=-1", "wait_s=%201",
                              "wait=1", "wait_s=1&x=1", "wait_s=99999999999999999999"})
        EXPECT_NE(read_wait_query(query).problem, "") << query;
}

TEST(the_query_of_list_changes, is_a_filter) {
    const list_query all = read_list_query("");
    EXPECT_EQ(all.problem, "");
    EXPECT_EQ(all.filter.limit, 50U);
    const list_query some =
        read_list_query("server_id=s-1&state=unknown&key=a%22b%2Fc&since=2026-11-23T10:00:00Z&limit=200&marker=17");
    EXPECT_EQ(some.problem, "");
    EXPECT_EQ(some.filter.server_id, "s-1");
    EXPECT_EQ(some.filter.current, ledger::state::unknown);
    EXPECT_EQ(some.filter.key, "a\"b/c");
    EXPECT_EQ(some.filter.since, std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 10h);
    EXPECT_EQ(some.filter.limit, 200U);
    EXPECT_EQ(some.filter.marker, "17");
}

TEST(the_query_of_list_changes, is_refused_where_it_can_not_be_read) {
    for (const char* query : {"state=gone", "state=", "since=yesterday", "since=2026-11-23", "limit=0", "limit=201",
                              "limit=ten", "marker=x", "marker=", "marker=-1", "colour=red", "limit"})
        EXPECT_NE(read_list_query(query).problem, "") << query;
}

}  // namespace
}  // namespace gateway::pipeline
