#include "gateway/net/tick.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

TEST(tick, is_a_clock_that_stands_between_ticks_and_is_never_ahead) {
    EXPECT_GE(tick::length(), 1ms);
    EXPECT_LE(tick::length(), 10ms);
    const auto first = tick::last();
    EXPECT_LE(first, std::chrono::steady_clock::now());
    while (tick::last() == first) {
    }
    EXPECT_LE(tick::last(), std::chrono::steady_clock::now());
}

}  // namespace
}  // namespace gateway::net
