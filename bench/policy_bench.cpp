// What deciding costs: rules x projects, and where in the list the rule stands that decides.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/policy/admission.hpp"
#include "gateway/policy/rules.hpp"

namespace {

using namespace gateway;

std::string project_id(std::size_t i) {
    std::string digits = std::to_string(i);
    return std::string(32 - digits.size(), '0') + digits;
}

// 100 callers, accounts of ten projects. Each rule is for a few callers and accounts and for named servers or a
// pattern, as in a company where every team has its own; the last one allows the rest.
config::settings company(std::size_t rules, std::size_t projects) {
    config::settings made;
    config::credential key;
    key.name = "key";
    made.credentials.push_back(std::move(key));
    for (std::size_t i = 0; i < 100; ++i) {
        config::caller one;
        one.name = "caller-" + std::to_string(i);
        made.callers.push_back(std::move(one));
    }
    for (std::size_t i = 0; i < projects; i += 10) {
        config::account one;
        one.name = "account-" + std::to_string(i / 10);
        one.credential = "key";
        for (std::size_t p = i; p < i + 10; ++p)
            one.projects.push_back({project_id(p), "cn-north-4"});
        made.accounts.push_back(std::move(one));
    }
    for (std::size_t i = 0; i + 1 < rules; ++i) {
        config::rule one;
        one.name = "rule-" + std::to_string(i);
        one.effect = i % 2 == 0 ? config::effect::deny : config::effect::allow;
        one.callers.emplace();
        for (std::size_t c = 0; c < 3; ++c)
            one.callers->push_back(made.callers[(i * 7 + c) % made.callers.size()].name);
        one.accounts.emplace();
        for (std::size_t a = 0; a < 5; ++a)
            one.accounts->push_back(made.accounts[(i * 13 + a) % made.accounts.size()].name);
        one.servers = std::vector<std::string>{"server-" + std::to_string(i), "db-" + std::to_string(i) + "-*"};
        made.policy.push_back(std::move(one));
    }
    config::rule rest;
    rest.name = "rest";
    rest.resize.emplace().flavors = std::vector<std::string>{"c6.*", "s6.*"};
    made.policy.push_back(std::move(rest));
    return made;
}

struct asked {
    operations::resize_request resize;
    std::vector<std::string> projects;  // in no order a cache could like

    explicit asked(std::size_t projects_count) {
        resize.flavor = "s6.large.2";
        for (std::size_t i = 0; i < 4096; ++i)
            projects.push_back(project_id(i * 7919 % projects_count));
    }
};

// Look-up of the project and decision: what a call pays.
void project_and_decision(benchmark::State& state) {
    const auto projects = static_cast<std::size_t>(state.range(1));
    const policy::rules policy(company(static_cast<std::size_t>(state.range(0)), projects));
    const asked calls(projects);
    std::size_t i = 0;
    for (auto _ : state) {
        const policy::facts call{.caller = static_cast<std::uint32_t>(i % 100),
                                 .project = policy.find_project(calls.projects[i % calls.projects.size()]),
                                 .operation = operations::operation_id::resize,
                                 .server_id = "5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21",
                                 .resize = &calls.resize,
                                 .api_version = "v1.1"};
        benchmark::DoNotOptimize(policy.decide(call));
        ++i;
    }
}
BENCHMARK(project_and_decision)
    ->ArgsProduct({{10, 1000}, {10, 1'000, 10'000, 100'000}})
    ->ArgNames({"rules", "projects"});

// The worst that a policy can ask for: every rule is for everybody, everywhere, and tells servers by pattern.
void all_patterns(benchmark::State& state) {
    config::settings settings = company(static_cast<std::size_t>(state.range(0)), 10'000);
    for (config::rule& one : settings.policy) {
        one.callers.reset();
        one.accounts.reset();
    }
    const policy::rules policy(settings);
    const asked calls(10'000);
    const policy::facts call{.caller = 0,
                             .project = policy.find_project(project_id(5)),
                             .operation = operations::operation_id::resize,
                             .server_id = "5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21",
                             .resize = &calls.resize,
                             .api_version = "v1.1"};
    for (auto _ : state)
        benchmark::DoNotOptimize(policy.decide(call));
}
BENCHMARK(all_patterns)->Arg(10)->Arg(1000)->ArgName("rules");

void find_project(benchmark::State& state) {
    const auto projects = static_cast<std::size_t>(state.range(0));
    const policy::rules policy(company(10, projects));
    const asked calls(projects);
    std::size_t i = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(policy.find_project(calls.projects[i++ % calls.projects.size()]));
}
BENCHMARK(find_project)->Arg(10'000)->Arg(100'000)->ArgName("projects");

void compile(benchmark::State& state) {
    const config::settings settings = company(1000, static_cast<std::size_t>(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(policy::rules(settings));
}
BENCHMARK(compile)->Arg(10'000)->Arg(100'000)->ArgName("projects")->Unit(benchmark::kMillisecond);

void admit(benchmark::State& state) {
    config::settings settings = company(10, 10);
    settings.policy.back().rate = config::rate{4'000'000'000U, std::chrono::seconds(1)};
    settings.policy.back().max_in_flight = 8;
    const policy::admission gate(settings, nullptr);
    std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
    for (auto _ : state) {
        now += std::chrono::microseconds(1);
        benchmark::DoNotOptimize(gate.admit(9, 42, now).admitted);
    }
}
BENCHMARK(admit);

}  // namespace
