// What it costs to know which operation a path is and to read a resize body.

#include <benchmark/benchmark.h>

#include <string>

#include "gateway/operations/body.hpp"
#include "gateway/operations/match.hpp"
#include "gateway/operations/response_facts.hpp"

namespace {

using namespace gateway::operations;

void match_resize(benchmark::State& state) {
    const std::string path =
        "/v1.1/0605767a3300d5762fb7c0186d9e1779/cloudservers/5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21/resize";
    for (auto _ : state)
        benchmark::DoNotOptimize(match_path("POST", path));
}
BENCHMARK(match_resize);

void match_server(benchmark::State& state) {
    const std::string path = "/v1/0605767a3300d5762fb7c0186d9e1779/cloudservers/5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21";
    for (auto _ : state)
        benchmark::DoNotOptimize(match_path("GET", path));
}
BENCHMARK(match_server);

void read_body(benchmark::State& state, const std::string& bytes) {
    body_reader reader;
    body asked;
    for (auto _ : state)
        benchmark::DoNotOptimize(reader.read(std::span(&row_of(operation_id::resize), 1), bytes, asked));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(read_body, smallest, R"({"resize":{"flavorRef":"s3.large.2"}})");
BENCHMARK_CAPTURE(read_body, vendors_sample, R"({
    "resize": {
        "flavorRef": "2",
        "dedicated_host_id": "459a2b9d-804a-4745-ab19-a113bb1b4ddc",
        "extendparam": {
            "isAutoPay": "true"
        }
    }
})");

std::string with_unknown_members(int count) {
    std::string body = R"({"resize":{"flavorRef":"s3.large.2")";
    for (int i = 0; i < count; ++i)
        body.append(R"(,"member-)").append(std::to_string(i)).append(R"(":"text")");
    return body + "}}";
}
BENCHMARK_CAPTURE(read_body, with_10000_unknown_members, with_unknown_members(10000));

void read_job_answer(benchmark::State& state) {
    const std::string body = R"({"job_id":"70a599e0-31e7-49b7-b260-868f441e862b"})";
    response_facts facts;
    for (auto _ : state)
        read_response(body, facts);
}
BENCHMARK(read_job_answer);

}  // namespace
