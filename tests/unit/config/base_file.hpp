#pragma once
// A small good configuration that tests break in one place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/load.hpp"

namespace gateway::config::test {

inline constexpr std::string_view base = R"(version: 1
listeners:
  - address: 127.0.0.1:8080
  - address: 0.0.0.0:8443
    tls: {certificate: a.pem, private_key: a.key, client_ca: ca.pem}
admin: {address: "127.0.0.1:9901"}
callers:
  - name: alice
    access_key: GWALICE
    secret_key: {file: alice.sk}
  - name: bob
    api_key_sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
credentials:
  - name: key
    access_key: AK
    secret_key: {env: SK}
  - name: by-agency
    agency: {through: key, domain_name: acme, agency_name: ops}
regions:
  cn-north-4:
    ecs: https://ecs.example
accounts:
  - name: acme
    kind: sub-customer
    credential: key
    projects: {p1: cn-north-4}
policy:
  - rule: first
    callers: [alice]
    resize: {flavors: [s6.*]}
    rate: {calls: 30, per: 1m}
)";

// `base` with the first `what` replaced.
inline std::string base_with(std::string_view old, std::string_view replacement) {
    std::string text(base);
    const auto position = text.find(old);
    EXPECT_NE(position, std::string::npos) << "the base file has no " << old;
    return position == std::string::npos ? text : text.replace(position, old.size(), replacement);
}

inline std::vector<std::string> described(const config::loaded& loaded) {
    std::vector<std::string> lines;
    for (const problem& p : loaded.problems) {
        lines.push_back(describe(p, "f"));
    }
    return lines;
}

// The base file with one thing replaced, and the one problem it then has.
struct broken {
    std::string old;
    std::string replacement;
    std::string place;     // "line:column: path"
    std::string contains;  // of what follows
};

inline void expect_each(const std::vector<broken>& all) {
    for (const auto& [old, replacement, place, contains] : all) {
        const auto problems = described(parse(base_with(old, replacement), "f"));
        EXPECT_THAT(problems, testing::ElementsAre(testing::AllOf(testing::StartsWith("f:" + place + ": "),
                                                                  testing::HasSubstr(contains))))
            << old << " replaced by " << replacement;
    }
}

}  // namespace gateway::config::test
