#include "gateway/credentials/standing.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace gateway::credentials {
namespace {

using admission = standing::admission;

TEST(standing, lets_few_calls_try_a_key_until_the_cloud_has_taken_it) {
    standing key(false);
    EXPECT_EQ(key.admit(), admission::trial);
    EXPECT_EQ(key.admit(), admission::trial);
    EXPECT_EQ(key.admit(), admission::trial);
    EXPECT_EQ(key.admit(), admission::wait);
    key.accepted();
    key.end_trial();
    EXPECT_EQ(key.admit(), admission::free);
}

TEST(standing, takes_what_the_cloud_made_a_moment_ago_as_good) {
    standing key(true);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(key.admit(), admission::free);
}

TEST(standing, rests_a_key_at_the_third_refusal_in_a_row_and_says_so_once) {
    standing key(true);
    EXPECT_FALSE(key.refused());
    EXPECT_FALSE(key.refused());
    EXPECT_TRUE(key.refused());
    EXPECT_FALSE(key.refused());  // calls that were under way
    EXPECT_TRUE(key.is_rested());
    EXPECT_EQ(key.admit(), admission::rested);
    key.accepted();
    EXPECT_FALSE(key.is_rested());
    EXPECT_EQ(key.admit(), admission::free);
}

TEST(standing, begins_to_count_anew_when_one_is_taken) {
    standing key(true);
    EXPECT_FALSE(key.refused());
    EXPECT_FALSE(key.refused());
    key.accepted();
    EXPECT_FALSE(key.refused());
    EXPECT_FALSE(key.refused());
    EXPECT_TRUE(key.refused());
}

// The point of it all: five refusals in a row lock the key, so there are never more than three.
TEST(standing, never_lets_more_than_three_calls_be_refused_however_many_threads_try) {
    for (int round = 0; round < 50; ++round) {
        standing key(false);
        std::atomic<int> sent{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (;;) {
                    switch (key.admit()) {
                        case admission::trial:
                            ++sent;
                            static_cast<void>(key.refused());
                            key.end_trial();
                            break;
                        case admission::wait:
                            std::this_thread::yield();
                            break;
                        case admission::free:
                            ADD_FAILURE();
                            return;
                        case admission::rested:
                            return;
                    }
                }
            });
        }
        for (auto& thread : threads)
            thread.join();
        EXPECT_EQ(sent, 3);
    }
}

TEST(standing, is_either_good_or_counts_refusals_whatever_happens_at_once) {
    for (int round = 0; round < 200; ++round) {
        standing key(true);
        std::thread refusing([&] {
            for (int i = 0; i < 3; ++i)
                static_cast<void>(key.refused());
        });
        key.accepted();
        refusing.join();
        key.accepted();
        EXPECT_FALSE(key.is_rested());
        EXPECT_EQ(key.admit(), admission::free);
        EXPECT_FALSE(key.refused());
        EXPECT_FALSE(key.refused());
        EXPECT_TRUE(key.refused());
    }
}

TEST(standing, counts_no_further_than_it_needs_to) {
    standing key(true);
    for (int i = 0; i < 1000; ++i)
        static_cast<void>(key.refused());
    EXPECT_EQ(key.admit(), admission::rested);
    key.accepted();
    EXPECT_EQ(key.admit(), admission::free);
}

}  // namespace
}  // namespace gateway::credentials
