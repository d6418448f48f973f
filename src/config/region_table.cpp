#include "region_table.hpp"

#include <string_view>

namespace gateway::config {

namespace {

constexpr std::string_view own;                               // iam.<id>.myhuaweicloud.com
constexpr std::string_view global = "iam.myhuaweicloud.com";  // in the ECS table of the SDK, but not in its IAM table

struct row {
    std::string_view id;
    std::string_view iam;
};

// Source: huaweicloud-sdk 3.1.172, EcsRegion and IamRegion: 33 regions with ECS, 28 of them with IAM. ECS is
// ecs.<id>.myhuaweicloud.com in all of them, eu-west-101 included, whose IAM and CTS (CtsRegion) are outside that
// domain.
constexpr row table[] = {
    // clang-format off
    {"ae-ad-1", own},
    {"af-north-1", global},
    {"af-south-1", own},
    {"ap-southeast-1", own},
    {"ap-southeast-2", own},
    {"ap-southeast-3", own},
    {"ap-southeast-4", own},
    {"ap-southeast-5", global},
    {"cn-east-2", own},
    {"cn-east-3", own},
    {"cn-east-4", own},
    {"cn-east-5", own},
    {"cn-north-1", own},
    {"cn-north-11", global},
    {"cn-north-12", own},
    {"cn-north-2", own},
    {"cn-north-4", own},
    {"cn-north-9", own},
    {"cn-south-1", own},
    {"cn-south-2", own},
    {"cn-south-4", global},
    {"cn-southwest-2", own},
    {"cn-southwest-3", global},
    {"eu-west-0", own},
    {"eu-west-101", "iam.eu-west-101.myhuaweicloud.eu"},
    {"la-north-2", own},
    {"la-south-2", own},
    {"me-east-1", own},
    {"my-kualalumpur-1", own},
    {"na-mexico-1", own},
    {"ru-moscow-1", own},
    {"sa-brazil-1", own},
    {"tr-west-1", own},
    // clang-format on
};

endpoint https(std::string host) { return {.tls = true, .host = std::move(host), .port = 443}; }

}  // namespace

std::map<std::string, region, std::less<>> built_in_regions() {
    std::map<std::string, region, std::less<>> regions;
    for (const auto& [id, iam] : table) {
        const std::string domain = std::string(id) + ".myhuaweicloud.com";
        regions.emplace(id, region{.ecs = https("ecs." + domain),
                                   .iam = https(iam.empty() ? "iam." + domain : std::string(iam)),
                                   .cts = https(id == "eu-west-101" ? std::string("cts.eu-west-101.myhuaweicloud.eu")
                                                                    : "cts." + domain)});
    }
    return regions;
}

endpoint global_iam() { return https(std::string(global)); }

}  // namespace gateway::config
