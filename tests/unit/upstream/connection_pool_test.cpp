#include "connection_pool.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "connection.hpp"
#include "world.hpp"

namespace gateway::upstream {
namespace {

struct connection_pools : testing::Test {
    net::loop loop;
    std::atomic<std::size_t> total_open{0};
    connection_pool pool{{.tls = false, .host = "127.0.0.1", .port = 1}, 2, &total_open};
    std::vector<unique_fd> peers;  // of the connections, in the order of their making

    std::unique_ptr<connection> make_connection() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        peers.emplace_back(ends[1]);
        return std::make_unique<connection>(loop, pool, ends[0]);
    }
    connection* put_new() {
        auto made = make_connection();
        connection* const address = made.get();
        pool.put(std::move(made));
        return address;
    }
    std::shared_ptr<connection_waiter> add_waiter() {
        pool.waiters.push_back(std::make_shared<connection_waiter>(loop));
        return pool.waiters.back();
    }
    // Afterwards the events of all connections are known.
    void let_loop_look() {
        const auto wait = [&]() -> task<> { co_await net::pause(loop, 1ms); };
        run(loop, wait());
    }
};

TEST_F(connection_pools, give_the_connection_that_was_used_last) {
    connection* const first = put_new();
    connection* const second = put_new();
    EXPECT_EQ(pool.take_idle().get(), second);
    EXPECT_EQ(pool.take_idle().get(), first);
    EXPECT_EQ(pool.take_idle(), nullptr);
}

TEST_F(connection_pools, keep_no_more_connections_idle_than_they_may) {
    connection* const first = put_new();
    connection* const second = put_new();
    put_new();
    EXPECT_EQ(total_open, 2U);
    EXPECT_EQ(pool.take_idle().get(), second);
    EXPECT_EQ(pool.take_idle().get(), first);
    EXPECT_EQ(total_open, 0U);
}

TEST_F(connection_pools, close_what_its_peer_has_closed_or_written_to) {
    connection* const usable = put_new();
    put_new();
    peers[1].reset();
    let_loop_look();
    EXPECT_EQ(pool.take_idle().get(), usable);
    EXPECT_EQ(total_open, 0U);

    put_new();
    ASSERT_EQ(::write(peers[2].get(), "x", 1), 1);
    let_loop_look();
    EXPECT_EQ(pool.take_idle(), nullptr);
    EXPECT_EQ(total_open, 0U);
}

TEST_F(connection_pools, count_a_connection_as_closed_once_when_its_idle_time_is_up) {
    const connection* const idle = put_new();
    loop.times().expire_now();
    EXPECT_FALSE(idle->stream.is_open());
    EXPECT_EQ(total_open, 0U);
    EXPECT_EQ(pool.take_idle(), nullptr);
    EXPECT_EQ(total_open, 0U);
}

TEST_F(connection_pools, remove_closed_connections_before_they_keep_another) {
    put_new();
    put_new();
    loop.times().expire_now();
    connection* const third = put_new();
    EXPECT_EQ(pool.idle.size(), 1U);
    EXPECT_EQ(pool.take_idle().get(), third);
}

TEST_F(connection_pools, do_not_time_a_connection_that_is_in_use) {
    put_new();
    const auto used = pool.take_idle();
    loop.times().expire_now();
    EXPECT_TRUE(used->stream.is_open());
}

TEST_F(connection_pools, give_a_connection_to_whoever_waits_longest) {
    const auto first = add_waiter();
    const auto second = add_waiter();
    connection* const returned = put_new();
    EXPECT_EQ(first->handed_over.get(), returned);
    EXPECT_EQ(second->handed_over, nullptr);
    EXPECT_TRUE(pool.idle.empty());
    EXPECT_EQ(pool.waiters.size(), 1U);
}

TEST_F(connection_pools, let_those_who_wait_open_a_connection_one_after_the_other) {
    const auto first = add_waiter();
    const auto second = add_waiter();
    EXPECT_TRUE(pool.let_next_open());
    EXPECT_TRUE(first->may_open);
    EXPECT_FALSE(second->may_open);
    EXPECT_TRUE(pool.let_next_open());
    EXPECT_TRUE(second->may_open);
    EXPECT_FALSE(pool.let_next_open());
}

}  // namespace
}  // namespace gateway::upstream
