#pragma once
// Credentials of every kind, for tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/credentials/store.hpp"
#include "sources.hpp"

namespace gateway::credentials {

inline config::credential named(std::string name, config::credential::kind kind) {
    config::credential one;
    one.name = std::move(name);
    one.type = kind;
    return one;
}

inline config::credential pair(std::string name, config::source access_key, config::source secret_key) {
    auto one = named(std::move(name), config::credential::kind::pair);
    one.pair.emplace();
    one.pair->access_key = std::move(access_key);
    one.pair->secret_key = std::move(secret_key);
    return one;
}

inline config::credential pair(std::string name, std::string access_key, std::string_view secret_key) {
    return pair(std::move(name), from_plain(std::move(access_key)), from_literal(secret_key));
}

inline config::credential agency(std::string name, std::string through) {
    auto one = named(std::move(name), config::credential::kind::agency);
    one.agency.emplace();
    one.agency->through = std::move(through);
    one.agency->domain_name = "globex";
    one.agency->agency_name = "resize-operator";
    return one;
}

inline config::credential user(std::string name) {
    auto one = named(std::move(name), config::credential::kind::token);
    one.token.emplace();
    one.token->user_name = "gateway";
    one.token->domain_name = "partner";
    one.token->password = from_literal("pass word");
    return one;
}

inline config::settings settings_with(std::vector<config::credential> list) {
    config::settings made;
    made.credentials = std::move(list);
    return made;
}

inline store load(std::vector<config::credential> list, const store* previous = nullptr) {
    std::vector<config::problem> problems;
    auto made = store::load(settings_with(std::move(list)), problems, previous);
    EXPECT_TRUE(problems.empty());
    return made;
}

inline shared_secret temporary(std::string_view access_key, secret::time expires) {
    const secret_text token("security-token");
    auto made = make_pair(signing::algorithm::sdk_hmac_sha256, access_key, "temporary-secret", &token, true);
    made->expires = expires;
    return made;
}

}  // namespace gateway::credentials
