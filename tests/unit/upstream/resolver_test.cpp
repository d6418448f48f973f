#include "resolver.hpp"

#include <thread>

#include "world.hpp"

namespace gateway::upstream {
namespace {

TEST(a_resolver, takes_an_address_as_it_stands) {
    net::loop loop;
    resolver tested(loop);
    for (const std::string host : {"127.0.0.1", "::1"}) {
        std::shared_ptr<lookup> latest;
        const config::endpoint endpoint{true, host, 8443};
        const auto resolve = [&]() -> task<> {
            const auto found = co_await tested.resolve(endpoint, latest, 1ms);
            EXPECT_TRUE(found->done);
            EXPECT_EQ(found->addresses.size(), 1U);
            EXPECT_EQ(found->addresses.at(0).address().to_string(), host);
            EXPECT_EQ(found->addresses.at(0).port(), 8443);
        };
        run(loop, resolve());
    }
}

TEST(a_resolver, looks_a_name_up_once_for_all_who_ask_meanwhile) {
    net::loop loop;
    resolver tested(loop);
    std::shared_ptr<lookup> latest;
    const config::endpoint endpoint{true, "localhost", 443};
    std::shared_ptr<lookup> first, second;
    const auto ask = [&](std::shared_ptr<lookup>& found) -> task<> {
        found = co_await tested.resolve(endpoint, latest, 5s);
        EXPECT_TRUE(found->done);
        EXPECT_FALSE(found->error) << found->error.message();
        EXPECT_FALSE(found->addresses.empty());
    };
    run(loop, ask(first), ask(second));
    EXPECT_EQ(first, second);

    std::shared_ptr<lookup> later;
    run(loop, ask(later));
    EXPECT_NE(later, first);
}

TEST(a_resolver, may_go_while_a_look_up_is_under_way) {
    std::shared_ptr<lookup> latest;
    {
        net::loop loop;
        resolver tested(loop);
        const config::endpoint endpoint{true, "localhost", 443};
        const auto ask = [&]() -> task<> { static_cast<void>(co_await tested.resolve(endpoint, latest, 0ms)); };
        run(loop, ask());
    }
    while (latest.use_count() > 1)  // its thread has the other one
        std::this_thread::yield();
    SUCCEED();
}

}  // namespace
}  // namespace gateway::upstream
