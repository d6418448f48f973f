#include <gtest/gtest.h>

#include <limits>

#include "gateway/http/capacity.hpp"
#include "gateway/http/request_time.hpp"

namespace gateway::http {
namespace {

using namespace std::chrono_literals;

struct time_case {
    connection_state state;
    std::chrono::milliseconds expected;
};

TEST(time_for_a_request, is_by_whether_a_byte_of_it_is_there_and_what_came_before) {
    config::timeouts timeouts;
    timeouts.request_header = 10s;
    timeouts.idle = 75s;
    for (const auto& c : {time_case{{.idle = true, .first = true, .draining = false}, 10s},
                          time_case{{.idle = true, .first = false, .draining = false}, 75s},
                          time_case{{.idle = true, .first = true, .draining = true}, late_request_time},
                          time_case{{.idle = true, .first = false, .draining = true}, late_request_time},
                          time_case{{.idle = false, .first = true, .draining = false}, 10s},
                          time_case{{.idle = false, .first = false, .draining = false}, 10s},
                          time_case{{.idle = false, .first = true, .draining = true}, 10s},
                          time_case{{.idle = false, .first = false, .draining = true}, 10s}})
        EXPECT_EQ(request_time(timeouts, c.state), c.expected)
            << c.state.idle << " " << c.state.first << " " << c.state.draining;
}

struct capacity_case {
    std::size_t limit, max_connections, served, answered;
};

TEST(capacity_for_connections, is_by_the_limit_and_by_the_descriptors) {
    for (const auto& c : {capacity_case{10000, 100000, 10000, 11024}, capacity_case{10000, 10500, 10000, 11024},
                          capacity_case{10000, 10000, 10000, 11024}, capacity_case{10000, 8000, 8000, 9000},
                          capacity_case{100, 80, 80, 90}, capacity_case{1, 100000, 1, 1025}}) {
        const capacity got = capacity_of(c.limit, c.max_connections);
        EXPECT_EQ(got.served, c.served) << c.limit << " " << c.max_connections;
        EXPECT_EQ(got.answered, c.answered) << c.limit << " " << c.max_connections;
    }
}

TEST(capacity_for_connections, is_without_overflow_where_nobody_has_set_the_descriptors) {
    const capacity got = capacity_of(10000, std::numeric_limits<std::size_t>::max() / 2);
    EXPECT_EQ(got.served, 10000U);
    EXPECT_EQ(got.answered, 11024U);
}

}  // namespace
}  // namespace gateway::http
