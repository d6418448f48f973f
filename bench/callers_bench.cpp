// The cost of authentication.

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/time.hpp"
#include "gateway/callers/directory.hpp"

namespace {

using namespace gateway;
using namespace std::chrono_literals;

const std::chrono::sys_seconds start{1'800'000'000s};

// 1,000 callers with a pair and as many with an API key.
callers::directory directory() {
    config::settings made;
    for (int i = 0; i < 1000; ++i) {
        config::caller one;
        one.name = "signs-" + std::to_string(i);
        one.access_key = "GWACCESSKEY" + std::to_string(i);
        one.secret_key = config::source{.origin = config::source::kind::literal,
                                        .name = {},
                                        .text = std::make_shared<const secret_text>("secret"),
                                        .location = {}};
        made.callers.push_back(std::move(one));
        config::caller two;
        two.name = "has-a-key-" + std::to_string(i);
        two.api_key_sha256 = sha256_of("key-" + std::to_string(i));
        made.callers.push_back(std::move(two));
    }
    std::vector<config::problem> problems;
    return callers::directory::load(made, problems);
}

// A request as an SDK sends it.
struct sent {
    std::string date = sdk_date(start);
    std::string authorization;
    signing::payload_hash hash = signing::hash_payload(R"({"resize":{"flavorRef":"s6.large.2","mode":""}})");
    std::vector<field> fields{{"Host", "ecs.cn-north-4.myhuaweicloud.com"},
                              {"User-Agent", "huaweicloud-usdk-python/3.0"},
                              {"Content-Type", "application/json"},
                              {"Accept", "*/*"},
                              {"Content-Length", "47"},
                              {"X-Project-Id", "0605767a3300d5762fb7c0186d9e1779"}};

    [[nodiscard]] signing::request request() const {
        return {
            .method = "POST",
            .path = "/v1.1/0605767a3300d5762fb7c0186d9e1779/cloudservers/5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21/resize",
            .query = {},
            .fields = fields,
            .payload = {hash.data(), hash.size()}};
    }

    void sign(signing::algorithm algorithm, const std::string& access_key) {
        fields.push_back({"X-Sdk-Date", date});
        signing::signer signer;
        const signing::key key(algorithm, access_key, "secret");
        authorization = signer.sign(request(), key, date, {"cn-north-4", "ecs"});
        fields.push_back({"Authorization", authorization});
    }
};

void judge(benchmark::State& state, const callers::directory& known_callers, const sent& call, bool expected) {
    signing::signer scratch;
    const signing::request request = call.request();
    for (auto _ : state) {
        const auto caller = known_callers.authenticate(request, {"0.0.0.0:8443"}, {}, start, scratch);
        if (caller.has_value() != expected) return state.SkipWithError("judged otherwise");
    }
}

void api_key(benchmark::State& state) {
    sent call;
    call.fields.push_back({"X-Api-Key", "key-517"});
    judge(state, directory(), call, true);
}
BENCHMARK(api_key);

void signature(benchmark::State& state, signing::algorithm algorithm, const char* access_key, bool expected) {
    sent call;
    call.sign(algorithm, access_key);
    judge(state, directory(), call, expected);
}
BENCHMARK_CAPTURE(signature, sdk_hmac_sha256, signing::algorithm::sdk_hmac_sha256, "GWACCESSKEY517", true);
BENCHMARK_CAPTURE(signature, v11_hmac_sha256, signing::algorithm::v11_hmac_sha256, "GWACCESSKEY517", true);
BENCHMARK_CAPTURE(signature, of_an_unknown_key, signing::algorithm::sdk_hmac_sha256, "GWNOBODY", false);

}  // namespace
