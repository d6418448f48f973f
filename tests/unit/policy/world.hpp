#pragma once
// A small world to make policies for: three callers, three accounts, their projects.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/policy/rules.hpp"

namespace gateway::policy {

enum caller_index : std::uint32_t { planner, ci, sidecar };

inline config::settings world(std::vector<config::rule> policy) {
    config::settings made;
    for (const char* name : {"planner", "ci", "sidecar"}) {
        config::caller one;
        one.name = name;
        made.callers.push_back(std::move(one));
    }
    for (const char* name : {"acme-key", "globex-key", "partner-key"}) {
        config::credential one;
        one.name = name;
        made.credentials.push_back(std::move(one));
    }
    const auto account = [&](const char* name, const char* credential, std::vector<config::project> projects) {
        config::account one;
        one.name = name;
        one.type = made.accounts.empty() ? config::account::kind::partner : config::account::kind::sub_customer;
        one.credential = credential;
        one.projects = std::move(projects);
        made.accounts.push_back(std::move(one));
    };
    account("partner", "partner-key", {{"p-partner", "cn-north-4"}});
    account("acme", "acme-key", {{"p-acme", "cn-north-4"}, {"p-acme-2", "ap-southeast-1"}});
    account("globex", "globex-key", {{"p-globex", "cn-south-1"}});
    made.policy = std::move(policy);
    return made;
}

using names = std::vector<std::string>;

// A rule to which a test adds what it is about.
inline config::rule allow(std::string name) {
    config::rule one;
    one.name = std::move(name);
    return one;
}

inline config::rule deny(std::string name) {
    config::rule one = allow(std::move(name));
    one.effect = config::effect::deny;
    return one;
}

inline config::rule shadowed(config::rule one) {
    one.shadow = true;
    return one;
}

inline operations::resize_request to_flavor(std::string flavor) {
    operations::resize_request asked;
    asked.flavor = std::move(flavor);
    return asked;
}

// The key of a condition, empty where there is none.
inline std::string_view key_of(const condition* failed) { return failed == nullptr ? std::string_view() : failed->key; }

inline facts resize(const rules& compiled, std::uint32_t caller, std::string_view project_id,
                    const operations::resize_request& asked, std::string_view server = "server-1") {
    return {.caller = caller,
            .project = compiled.find_project(project_id),
            .operation = operations::operation_id::resize,
            .server_id = server,
            .resize = &asked,
            .api_version = "v1.1"};
}

inline facts call(const rules& compiled, std::uint32_t caller, std::string_view project_id,
                  operations::operation_id operation, std::string_view server = {}) {
    return {.caller = caller,
            .project = compiled.find_project(project_id),
            .operation = operation,
            .server_id = server,
            .resize = nullptr,
            .api_version = "v1"};
}

}  // namespace gateway::policy
