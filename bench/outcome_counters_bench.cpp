#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "gateway/outcome/counters.hpp"

namespace {

using namespace std::chrono_literals;
namespace outcome = gateway::outcome;

// The n-th call as a broker of many accounts sees them: two operations, four regions, mostly answered well, some
// denied.
void make_call(outcome::record& r, std::size_t n, const std::vector<std::string>& accounts) {
    static constexpr std::string_view regions[] = {"cn-north-4", "cn-east-3", "ap-southeast-3", "eu-west-101"};
    const std::size_t account = n * 7919 % accounts.size();
    const bool denied = n % 10 == 0;
    r.operation = n % 3 == 0 ? "show_job" : "resize";
    r.account = accounts[account];
    r.region = regions[account % 4];
    r.decided = denied ? outcome::decision::denied : outcome::decision::allowed;
    r.status = denied ? 403 : 200;
    r.duration = std::chrono::microseconds(800 + 37 * (n & 1023));
    r.upstream.reset();
    if (!denied) r.upstream = r.duration - 100us;
}

std::vector<std::string> accounts(std::int64_t count) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < count; ++i)
        names.push_back("customer-" + std::to_string(i));
    return names;
}

// What the next one costs without the counting.
void make_a_call(benchmark::State& state) {
    const auto names = accounts(state.range(0));
    outcome::record call;
    std::size_t n = 0;
    for (auto _ : state) {
        make_call(call, n++, names);
        benchmark::DoNotOptimize(call);
    }
}
BENCHMARK(make_a_call)->Arg(10)->Arg(1000);

void make_and_count_a_call(benchmark::State& state) {
    const auto names = accounts(state.range(0));
    outcome::counters counters;
    outcome::record call;
    std::size_t n = 0;
    for (auto _ : state) {
        make_call(call, n++, names);
        benchmark::DoNotOptimize(call);
        counters.count(call);
    }
}
BENCHMARK(make_and_count_a_call)->Arg(10)->Arg(1000);

void add_up_two_workers(benchmark::State& state) {
    const auto names = accounts(state.range(0));
    outcome::counters workers[2];
    outcome::record call;
    for (std::size_t n = 0; n < 10 * names.size(); ++n) {
        make_call(call, n, names);
        workers[0].count(call);
        workers[1].count(call);
    }
    for (auto _ : state) {
        outcome::totals sums;
        for (const auto& each : workers)
            each.add_to(sums);
        benchmark::DoNotOptimize(sums.calls.size());
    }
}
BENCHMARK(add_up_two_workers)->Arg(10)->Arg(1000);

}  // namespace
