#include "heap_trim.hpp"

#include <gtest/gtest.h>

namespace gateway::runtime {
namespace {

constexpr std::size_t mib = 1024 * 1024;

TEST(heap_trim, waits_until_much_was_freed) {
    freed_since_trim freed;
    EXPECT_FALSE(freed.is_much(0, 0));
    EXPECT_FALSE(freed.is_much(1000, 0));
    EXPECT_FALSE(freed.is_much(937, 0));
    EXPECT_TRUE(freed.is_much(936, 0));
    EXPECT_FALSE(freed.is_much(873, 0));  // of what there was after the last trim
    EXPECT_TRUE(freed.is_much(872, 0));
    EXPECT_FALSE(freed.is_much(872, 64 * mib));
    EXPECT_FALSE(freed.is_much(872, 57 * mib));
    EXPECT_TRUE(freed.is_much(872, 56 * mib));
}

}  // namespace
}  // namespace gateway::runtime
