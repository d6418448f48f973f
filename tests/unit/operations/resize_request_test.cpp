// What the body of a resize says to the policy.

#include "resize_body.hpp"

#include <string>
#include <utility>

namespace gateway::operations {
namespace {

TEST(resize_body, tells_what_the_policy_asks_about) {
    resize_reader reader;
    resize_request asked;
    ASSERT_FALSE(reader.read(R"({"resize":{"flavorRef":"s3.large.2","dedicated_host_id":"h-1",
        "extendparam":{"isAutoPay":"true"},"mode":"withStopServer","cpu_options":{"hw:cpu_threads":2}},
        "dry_run":false})",
                             asked));
    EXPECT_EQ(asked.flavor, "s3.large.2");
    EXPECT_EQ(asked.dedicated_host_id, "h-1");
    EXPECT_EQ(asked.auto_pay, true);
    EXPECT_TRUE(asked.stops_running_server);
    EXPECT_EQ(asked.dry_run, false);

    ASSERT_FALSE(reader.read(with_members(R"("extendparam":{"isAutoPay":"false"})"), asked));
    EXPECT_EQ(asked.flavor, "s6.large.2");
    EXPECT_EQ(asked.dedicated_host_id, "");
    EXPECT_EQ(asked.auto_pay, false);
    EXPECT_FALSE(asked.stops_running_server);
    EXPECT_EQ(asked.dry_run, std::nullopt);

    ASSERT_FALSE(reader.read(with_members(R"("dedicated_host_id":"","extendparam":{"isAutoPay":""})"), asked));
    EXPECT_EQ(asked.dedicated_host_id, "");
    EXPECT_EQ(asked.auto_pay, std::nullopt);
}

TEST(resize_body, tells_the_first_member_that_is_not_known_at_every_depth) {
    const std::pair<std::string, std::string> cases[] = {
        {with_members(R"("dedicated_host_id":"h","extendparam":{"isAutoPay":"true"},"mode":"withStopServer",)"
                      R"("cpu_options":{"hw:cpu_threads":1})"),
         ""},
        {with_key_beside(R"("dry_run":true)"), ""},
        {with_members(R"("force":true)"), "/resize/force"},
        {with_key_beside(R"("extendparam":{"isAutoPay":"true"})"), "/extendparam"},
        {with_key_beside(R"("flavorRef":"x")"), "/flavorRef"},
        {with_members(R"("isAutoPay":"true")"), "/resize/isAutoPay"},
        {with_members(R"("extendparam":{"x":{"isAutoPay":"true"}},"y":1)"), "/resize/extendparam/x"},
        {with_members(R"("cpu_options":{"hw:cpu_sockets":1})"), "/resize/cpu_options/hw:cpu_sockets"},
        {with_members(R"("a/b~c":1)"), "/resize/a~1b~0c"},
        {with_members(R"("":1)"), "/resize/"},
        {with_members(R"("\u65b0":1)"), "/resize/\u65b0"},
        {with_members("\"" + std::string(63, 'k') + "\u65b0\":1"), "/resize/" + std::string(63, 'k') + "..."},
    };
    resize_reader reader;
    resize_request asked;
    for (const auto& [body, pointer] : cases) {
        ASSERT_FALSE(reader.read(body, asked)) << body;
        EXPECT_EQ(asked.unknown_member, pointer) << body;
    }
}

TEST(resize_body, unescapes_a_flavor_that_comes_in_parts) {
    resize_reader reader;
    resize_request asked;
    ASSERT_FALSE(reader.read(R"({"resize":{"flavorRef":"s\u0036.l\u0061rge\u002e2"}})", asked));
    EXPECT_EQ(asked.flavor, "s6.large.2");
}

}  // namespace
}  // namespace gateway::operations
