#include "gateway/http/usage.hpp"

#include <gtest/gtest.h>

namespace gateway::http {
namespace {

TEST(buffered_share, does_not_grow_where_all_together_would_be_too_much) {
    usage all;
    buffered_share one(all.buffered_bytes), other(all.buffered_bytes);
    EXPECT_TRUE(one.grow_to(600, 1000));
    EXPECT_FALSE(other.grow_to(401, 1000));
    EXPECT_EQ(all.buffered_bytes, 600U);
    EXPECT_TRUE(other.grow_to(400, 1000));
    EXPECT_FALSE(one.grow_to(601, 1000));
    EXPECT_TRUE(one.grow_to(500, 1000)) << "has it already";
    EXPECT_EQ(all.buffered_bytes, 1000U);
}

TEST(buffered_share, is_given_back) {
    usage all;
    {
        buffered_share one(all.buffered_bytes), other(all.buffered_bytes);
        EXPECT_TRUE(one.grow_to(600, 1000) && other.grow_to(400, 1000));
        one.release();
        one.release();
        EXPECT_EQ(all.buffered_bytes, 400U);
    }
    EXPECT_EQ(all.buffered_bytes, 0U);
}

TEST(handshake_failures, are_counted_by_listener_and_reason) {
    handshake_failures all;
    all.add("a", handshake_failure::closed);
    all.add("a", handshake_failure::closed);
    all.add("b", handshake_failure::alert);
    const std::map<handshake_failures::key, std::uint64_t> expected{{{"a", handshake_failure::closed}, 2},
                                                                    {{"b", handshake_failure::alert}, 1}};
    EXPECT_EQ(all.read(), expected);
}

}  // namespace
}  // namespace gateway::http
