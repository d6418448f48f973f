#include <benchmark/benchmark.h>

#include "gateway/outcome/record.hpp"

namespace {

void outcome_line(benchmark::State& state) {
    gateway::outcome::record r;
    r.time = std::chrono::system_clock::time_point(std::chrono::microseconds(1795428000000001));
    r.request_id = "177e48976c18543f0000000000000001";
    r.peer = "127.0.0.1:33136";
    r.listener = "127.0.0.1:8080";
    r.caller = "capacity-planner";
    r.proof = "signature";
    r.operation = "resize";
    r.api_version = "v1.1";
    r.project_id = "0605767a3300d5762fb7c0186d9e1779";
    r.server_id = "459a2b9d-804a-4745-ab19-a113bb1b4ddc";
    r.account = "partner";
    r.credential = "partner-key";
    r.region = "cn-north-4";
    r.rule = "planner-grows-partner";
    r.flavor = "s6.xlarge.2";
    r.auto_pay = false;
    r.decided = gateway::outcome::decision::allowed;
    r.status = r.upstream_status = 200;
    r.upstream_request_id = "fd6530a01c09807640189e65e837b8ad";
    r.result_job_id = "70a599e0-31e7-49b7-b260-868f441e862b";
    r.outcome = gateway::delivery::answered;
    r.bytes_in = 900;
    r.bytes_out = 300;
    r.duration = std::chrono::microseconds(1500);
    r.upstream = std::chrono::microseconds(1400);
    std::string buffer;
    for (auto _ : state) {
        buffer.clear();
        gateway::outcome::append_line(buffer, r);
        benchmark::DoNotOptimize(buffer.data());
    }
    state.counters["bytes"] = static_cast<double>(buffer.size());
}
BENCHMARK(outcome_line);

}  // namespace
