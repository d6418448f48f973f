#include "gateway/ledger/rate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gateway::ledger {
namespace {

using namespace std::chrono_literals;

TEST(a_rate, says_after_how_long_so_many_more_servers_fit) {
    struct before {
        std::chrono::microseconds ago;
        std::int64_t servers;
    };
    struct line {
        const char* name;
        std::int64_t calls;
        std::size_t wanted;
        std::vector<before> counted;
        std::optional<std::chrono::seconds> delay;
    };
    const line table[] = {
        {"nothing counts", 3, 1, {}, {}},
        {"the last that fits", 3, 1, {{1s, 1}, {2s, 1}}, {}},
        {"the oldest has to go", 3, 1, {{1s, 1}, {2s, 1}, {50s, 1}}, 10s},
        {"two have to go", 3, 2, {{1s, 1}, {20s, 1}, {50s, 1}}, 40s},
        {"one with all the servers", 3, 1, {{10s, 3}}, 50s},
        {"a part of a second is one", 1, 1, {{59900ms, 1}}, 1s},
        {"just out of the span", 1, 1, {{60s, 1}}, {}},
        {"just within", 1, 1, {{60s - 1us, 1}}, 1s},
        {"begun after this one", 1, 1, {{-5s, 1}}, 60s},
        {"more than the rate ever lets through", 3, 4, {}, 60s},
    };
    const instant now{std::chrono::hours(480'000)};
    for (const line& each : table) {
        change_request request;
        request.rate = rate_limit{each.calls, 60s};
        request.server_ids.assign(each.wanted, "s");
        request.begun = now;
        std::vector<counted_change> counted;
        for (const before& one : each.counted)
            counted.push_back({1, now - one.ago, one.servers});
        EXPECT_EQ(find_rate_delay(counted, request), each.delay) << each.name;
    }
}

}  // namespace
}  // namespace gateway::ledger
