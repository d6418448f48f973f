#include "descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace gateway::runtime {
namespace {

TEST(descriptors, leave_a_quarter_to_the_cloud_admin_and_reloads) {
    EXPECT_EQ(connections_within(48, 1, 1), 20U);
    EXPECT_EQ(connections_within(256, 2, 2), 168U);
    EXPECT_GE(connections_within(16384, 8, 3), 10000U);
    EXPECT_EQ(connections_within(10, 4, 2), 1U);
}

TEST(descriptors, that_are_too_few_are_told) {
    config::limits wanted;
    wanted.connections = 10000;
    EXPECT_EQ(shortage(16384, 12000, wanted), "");
    EXPECT_EQ(
        shortage(256, 168, wanted),
        "the limit of 256 open files leaves room for 168 connections of callers, and limits.connections is 10000: "
        "raise it (LimitNOFILE= of a unit, `ulimit -n`, --ulimit of a container), or lower limits.connections");
}

TEST(descriptors, are_as_many_as_the_hard_limit_allows) {
    rlimit both{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &both), 0);
    both.rlim_cur = 64;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &both), 0);
    EXPECT_EQ(raise_descriptor_limit(), both.rlim_max);
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &both), 0);
    EXPECT_EQ(both.rlim_cur, both.rlim_max);
}

}  // namespace
}  // namespace gateway::runtime
