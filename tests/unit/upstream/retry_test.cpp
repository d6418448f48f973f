#include "retry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

namespace gateway::upstream {
namespace {

constexpr step all_steps[] = {step::resolve, step::connect, step::handshake, step::write, step::read, step::parse};
constexpr bool both[] = {false, true};

struct facts {
    delivery known;
    bool timed_out, reused, response_started, may_repeat;
    bool operator==(const facts&) const = default;
};

// All that may be sent again; whatever is not here may not.
constexpr facts may_go_again[] = {
    {.known = delivery::not_sent, .timed_out = false, .reused = true, .response_started = false, .may_repeat = false},
    {.known = delivery::not_sent, .timed_out = false, .reused = true, .response_started = false, .may_repeat = true},
    {.known = delivery::unknown, .timed_out = false, .reused = true, .response_started = false, .may_repeat = true},
};

TEST(sent_at_most_once, by_each_combination_of_failure_connection_and_request) {
    int combinations = 0, allowed = 0;
    for (const step failed_step : all_steps)
        for (const delivery known : {delivery::not_sent, delivery::unknown})
            for (const bool timed_out : both)
                for (const bool reused : both)
                    for (const bool response_started : both)
                        for (const bool may_repeat : both) {
                            const facts now{known, timed_out, reused, response_started, may_repeat};
                            const bool expected = std::find(std::begin(may_go_again), std::end(may_go_again), now) !=
                                                  std::end(may_go_again);
                            const failure error{failed_step, known, timed_out, {}, {}};
                            EXPECT_EQ(may_send_again(error, {reused, response_started}, may_repeat), expected)
                                << error.text() << " known " << name_of(known) << " reused " << reused << " started "
                                << response_started << " may repeat " << may_repeat;
                            ++combinations;
                            allowed += expected ? 1 : 0;
                        }
    EXPECT_EQ(combinations, 6 * 32);
    EXPECT_EQ(allowed, 6 * 3);
}

struct write_case {
    std::size_t bytes;
    bool over_tls, timed_out;
    delivery expected;
};

TEST(a_failed_write, leaves_nothing_sent_only_when_the_system_took_no_byte_of_it) {
    for (const auto& c : {
             write_case{0, false, false, delivery::not_sent},
             write_case{0, false, true, delivery::unknown},
             write_case{0, true, false, delivery::unknown},
             write_case{0, true, true, delivery::unknown},
             write_case{1, false, false, delivery::unknown},
             write_case{1, false, true, delivery::unknown},
             write_case{1, true, false, delivery::unknown},
             write_case{1, true, true, delivery::unknown},
         })
        EXPECT_EQ(delivery_of_failed_write(c.bytes, c.over_tls, c.timed_out), c.expected)
            << c.bytes << " bytes, TLS " << c.over_tls << ", timed out " << c.timed_out;
}

}  // namespace
}  // namespace gateway::upstream
