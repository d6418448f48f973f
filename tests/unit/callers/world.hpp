#pragma once
// Callers with each kind of proof, and requests that they send.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/time.hpp"
#include "gateway/callers/directory.hpp"

namespace gateway::callers {

using namespace std::chrono_literals;

inline const std::chrono::sys_seconds now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 10h;
constexpr std::string_view local = "127.0.0.1:8080";  // the sidecar's listener
constexpr std::string_view outer = "0.0.0.0:8443";    // nobody's

inline config::caller signing_caller(std::string name, std::string access_key, std::string_view secret) {
    config::caller one;
    one.name = std::move(name);
    one.access_key = std::move(access_key);
    one.secret_key = config::source{.origin = config::source::kind::literal,
                                    .name = {},
                                    .text = std::make_shared<const secret_text>(secret),
                                    .location = {}};
    return one;
}

inline config::settings world() {
    config::settings made;
    made.callers.push_back(signing_caller("planner", "GWPLANNER1", "planner-secret"));
    config::caller ci;
    ci.name = "ci";
    ci.api_key_sha256 = sha256_of("ci-key");
    made.callers.push_back(ci);
    config::caller sidecar;
    sidecar.name = "sidecar";
    sidecar.listener = std::string(local);
    made.callers.push_back(sidecar);
    made.callers.push_back(signing_caller("other", "GWOTHER1", "other-secret"));
    return made;
}

inline directory load(const config::settings& settings) {
    std::vector<config::problem> problems;
    directory made = directory::load(settings, problems);
    if (!problems.empty()) throw std::runtime_error(problems.front().message);
    return made;
}

// A request as it is received. Tests change it before or after it is signed.
struct sent {
    std::string method = "POST";
    std::string path = "/v1.1/p/cloudservers/s/resize";
    std::string query;
    std::string body = R"({"resize":{"flavorRef":"s6.large.2"}})";
    std::vector<std::pair<std::string, std::string>> headers{{"Host", "127.0.0.1:8080"},
                                                             {"Content-Type", "application/json"}};

    void set(std::string_view name, std::string value) {
        for (auto& [known, old] : headers) {
            if (same_name(known, name)) {
                old = std::move(value);
                return;
            }
        }
        headers.emplace_back(name, std::move(value));
    }

    [[nodiscard]] std::string get(std::string_view name) const {
        for (const auto& [known, value] : headers) {
            if (same_name(known, name)) return value;
        }
        return {};
    }

    [[nodiscard]] std::vector<field> fields() const {
        std::vector<field> views;
        for (const auto& [name, value] : headers)
            views.push_back({name, value});
        return views;
    }

    // Over all headers but `left_out`.
    void sign(std::string_view access_key, std::string_view secret, std::chrono::sys_seconds time = now,
              signing::algorithm algorithm = signing::algorithm::sdk_hmac_sha256, std::string_view left_out = {},
              const signing::scope& scope = {"cn-north-4", "ecs"}) {
        set("X-Sdk-Date", sdk_date(time));
        const auto hash = signing::hash_payload(body);
        const std::string declared = get("X-Sdk-Content-Sha256");
        auto views = fields();
        std::erase_if(views, [&](const field& f) { return same_name(f.name, left_out); });
        const signing::request request{method, path, query, views,
                                       declared.empty() ? std::string_view(hash.data(), hash.size()) : declared};
        const signing::key key(algorithm, access_key, secret);
        signing::signer signer;
        set("Authorization", std::string(signer.sign(request, key, sdk_date(time), scope)));
    }
};

inline constexpr call_facts a_resize{.region = "cn-north-4"};

// The caller and its proof, or why not.
inline std::string outcome(const directory& known_callers, const sent& request, const connection_facts& connection,
                           std::chrono::sys_seconds time = now, const call_facts& call = a_resize) {
    const auto hash = signing::hash_payload(request.body);
    const auto views = request.fields();
    signing::signer scratch;
    const signing::request received{request.method, request.path, request.query, views, {hash.data(), hash.size()}};
    const auto got = known_callers.authenticate(received, connection, call, time, scratch);
    if (got) return std::string(got->name) + " by " + std::string(name_of(got->proof));
    return std::string(name_of(got.error().reason));
}

inline connection_facts connection_of(std::string_view listener) {
    return {.listener = listener, .certificate_names = {}, .unix_user = {}};
}

inline std::string outcome(const directory& known_callers, const sent& request, std::string_view listener = outer,
                           std::chrono::sys_seconds time = now, const call_facts& call = a_resize) {
    return outcome(known_callers, request, connection_of(listener), time, call);
}

}  // namespace gateway::callers
