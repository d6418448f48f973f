#include "descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace gateway::runtime {
namespace {

TEST(descriptors, are_split_so_that_each_caller_can_have_a_connection_to_the_cloud) {
    EXPECT_EQ(connections_within(48, 1, 1), 9U);
    EXPECT_EQ(connections_within(64, 1, 1), 15U);
    EXPECT_EQ(connections_within(256, 2, 2), 84U);
    EXPECT_GE(connections_within(65536, 8, 3), 10000U) << "the packaged unit's";
    EXPECT_EQ(connections_within(10, 4, 2), 1U);
}

TEST(descriptors, that_are_too_few_give_a_warning) {
    config::limits wanted;
    wanted.connections = 10000;
    EXPECT_EQ(shortage(16384, 12000, wanted), "");
    EXPECT_EQ(shortage(256, 84, wanted),
              "the limit of 256 open files leaves room for 84 connections of callers, and limits.connections is 10000: "
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
