#include <benchmark/benchmark.h>

#include <array>

#include "gateway/signing/signature.hpp"

namespace {

using namespace gateway;

constexpr std::string_view body =
    R"({"resize":{"flavorRef":"s6.xlarge.2","dedicated_host_id":"459a2b9d-804a-4745-ab19-a113bb1b4ddc","extendparam":{"isAutoPay":"false"}}})";
constexpr std::string_view date = "20261123T100000Z";
constexpr std::array<field, 4> fields{{{"content-type", "application/json"},
                                       {"host", "ecs.cn-north-4.myhuaweicloud.com"},
                                       {"x-project-id", "0605767a3300d5762fb7c0186d9e1779"},
                                       {"x-sdk-date", date}}};
const signing::scope scope{"cn-north-4", "ecs"};

signing::request resize(const signing::payload_hash& hash) {
    return {"POST",
            "/v1.1/0605767a3300d5762fb7c0186d9e1779/cloudservers/459a2b9d-804a-4745-ab19-a113bb1b4ddc/resize",
            "",
            fields,
            {hash.data(), hash.size()}};
}

void hash_payload(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(signing::hash_payload(body));
}
BENCHMARK(hash_payload);

void sign(benchmark::State& state, signing::algorithm algorithm) {
    const signing::key key(algorithm, "BENCHPARTNERAK000001", "bench-partner-secret-key-not-real-001");
    const auto hash = signing::hash_payload(body);
    signing::signer signer;
    for (auto _ : state)
        benchmark::DoNotOptimize(signer.sign(resize(hash), key, date, scope));
}
BENCHMARK_CAPTURE(sign, sdk, signing::algorithm::sdk_hmac_sha256);
BENCHMARK_CAPTURE(sign, v11, signing::algorithm::v11_hmac_sha256);

void verify(benchmark::State& state, signing::algorithm algorithm) {
    const signing::key key(algorithm, "BENCHPARTNERAK000001", "bench-partner-secret-key-not-real-001");
    const auto hash = signing::hash_payload(body);
    signing::signer signer;
    const std::string header(signer.sign(resize(hash), key, date, scope));
    for (auto _ : state) {
        signing::authorization claimed;
        if (!signing::parse_authorization(header, claimed) ||
            !signer.verify(claimed, resize(hash), fields, key, date)) {
            state.SkipWithError("the signature does not verify");
            return;
        }
    }
}
BENCHMARK_CAPTURE(verify, sdk, signing::algorithm::sdk_hmac_sha256);
BENCHMARK_CAPTURE(verify, v11, signing::algorithm::v11_hmac_sha256);

}  // namespace
