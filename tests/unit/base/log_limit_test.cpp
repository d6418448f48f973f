#include "gateway/base/log_limit.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(log_limit, lets_a_few_through_at_once_and_then_one_a_pause_with_the_number_left_out) {
    log_limit lines(3, 10s);
    const log_limit::time start{1000s};
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(lines.admit(start), 0U);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(lines.admit(start + 9s), std::nullopt);
    EXPECT_EQ(lines.admit(start + 10s), 100U);
    EXPECT_EQ(lines.admit(start + 11s), std::nullopt);
    EXPECT_EQ(lines.admit(start + 20s), 1U);
}

TEST(log_limit, forgets_after_a_while) {
    log_limit lines(1, 60s);
    const log_limit::time start{1000s};
    EXPECT_EQ(lines.admit(start), 0U);
    EXPECT_EQ(lines.admit(start + 59s), std::nullopt);
    EXPECT_EQ(lines.admit(start + 60s), 1U);
    EXPECT_EQ(lines.admit(start + 1h), 0U);
}

}  // namespace
}  // namespace gateway
