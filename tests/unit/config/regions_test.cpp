#include <gtest/gtest.h>

#include "gateway/config/load.hpp"
#include "region_table.hpp"
#include "value_types.hpp"

namespace gateway::config {
namespace {

TEST(built_in_regions, are_the_33_of_the_sdk) {
    const auto regions = built_in_regions();
    EXPECT_EQ(regions.size(), 33U);
    std::size_t with_own_iam = regions.size();
    for (const auto& [id, endpoints] : regions) {
        std::string same;
        EXPECT_TRUE(region_id{}.parse(id, same)) << id;
        EXPECT_EQ(endpoints.ecs.authority(), "ecs." + id + ".myhuaweicloud.com");
        if (endpoints.iam == global_iam()) --with_own_iam;
    }
    EXPECT_EQ(with_own_iam, 28U);
}

TEST(built_in_regions, fall_back_to_the_global_iam) {
    const auto regions = built_in_regions();
    EXPECT_EQ(regions.at("cn-north-4").iam.authority(), "iam.cn-north-4.myhuaweicloud.com");
    EXPECT_EQ(regions.at("eu-west-101").iam.authority(), "iam.eu-west-101.myhuaweicloud.eu");
    EXPECT_EQ(regions.at("eu-west-101").cts.value().authority(), "cts.eu-west-101.myhuaweicloud.eu");
    for (const auto* id : {"af-north-1", "ap-southeast-5", "cn-north-11", "cn-south-4", "cn-southwest-3"}) {
        EXPECT_EQ(regions.at(id).iam.authority(), "iam.myhuaweicloud.com") << id;
    }
}

TEST(regions_of_the_file, change_only_the_endpoint_they_name) {
    const auto read = parse(
        "version: 1\nlisteners: [{address: 127.0.0.1:1}]\n"
        "regions:\n  cn-north-4: {ecs: 'https://Ecs.Example:9443'}\n  xx-new-1: {ecs: 'https://[FD00::1]'}\n",
        "f");
    ASSERT_TRUE(read.ok());
    const auto& regions = read.values.regions;
    EXPECT_EQ(regions.size(), 34U);
    EXPECT_EQ(regions.at("cn-north-4").ecs, (endpoint{true, "ecs.example", 9443}));
    EXPECT_EQ(regions.at("cn-north-4").ecs.authority(), "ecs.example:9443");
    EXPECT_EQ(regions.at("cn-north-4").iam.authority(), "iam.cn-north-4.myhuaweicloud.com");
    EXPECT_EQ(regions.at("cn-north-4").cts.value().authority(), "cts.cn-north-4.myhuaweicloud.com");
    EXPECT_FALSE(regions.at("xx-new-1").cts) << "no traces are asked for where nobody says where they are";
    EXPECT_EQ(regions.at("xx-new-1").ecs, (endpoint{true, "fd00::1", 443}));
    EXPECT_EQ(regions.at("xx-new-1").ecs.authority(), "[fd00::1]");
    EXPECT_EQ(regions.at("xx-new-1").iam, global_iam());
}

}  // namespace
}  // namespace gateway::config
