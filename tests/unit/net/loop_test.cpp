#include "gateway/net/loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "gateway/net/async_event.hpp"
#include "gateway/net/stream.hpp"

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

void no_throw(const std::exception_ptr& unforeseen) { EXPECT_FALSE(unforeseen); }

// Two ends of a connection, both served by one loop.
struct pair {
    pair() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        one.emplace(in, ends[0]);
        other.emplace(in, ends[1]);
    }
    loop in;
    std::optional<stream> one, other;

    void run(task<> what) {
        in.spawn(std::move(what), no_throw);
        in.post([this] { in.finish(); });
        in.run();
    }
};

task<std::string> read_all(stream& from) {
    std::array<char, 5> part;
    std::string all;
    for (;;) {
        const transfer got = co_await from.read_some(asio::buffer(part));
        if (got.error) {
            EXPECT_EQ(got.error, asio::error::eof);
            co_return all;
        }
        all.append(part.data(), got.bytes);
    }
}

TEST(a_loop, ends_when_it_was_told_to_and_its_last_coroutine_has_ended) {
    loop in;
    bool done = false;
    const auto work = [&]() -> task<> {
        co_await pause(in, 10ms);
        done = true;
    };
    in.spawn(work(), no_throw);
    in.finish();
    in.run();
    EXPECT_TRUE(done);
}

TEST(a_loop, tells_what_a_coroutine_threw) {
    loop in;
    std::string told;
    const auto work = [&]() -> task<> {
        co_await pause(in, 1ms);
        throw std::runtime_error("oops");
    };
    in.spawn(work(), [&](const std::exception_ptr& unforeseen) {
        try {
            std::rethrow_exception(unforeseen);
        } catch (const std::exception& e) {
            told = e.what();
        }
    });
    in.finish();
    in.run();
    EXPECT_EQ(told, "oops");
}

TEST(a_loop, is_woken_by_what_another_thread_posts) {
    loop in;
    std::thread other([&in] { in.post([&in] { in.finish(); }); });
    in.run();
    other.join();
}

TEST(a_loop, can_be_stopped_with_a_coroutine_that_never_ends) {
    bool destroyed = false;
    struct told_at_end {
        bool& tells;
        ~told_at_end() { tells = true; }
    };
    {
        loop stopped;
        const auto work = [&]() -> task<> {
            const told_at_end here{destroyed};
            co_await pause(stopped, 1h);
        };
        stopped.spawn(work(), no_throw);
        std::thread other([&stopped] { stopped.stop(); });
        stopped.run();
        other.join();
    }
    EXPECT_TRUE(destroyed);
}

TEST(a_stream, gives_bytes_and_the_end_that_came_at_one_edge) {
    pair ends;
    std::string got;
    const auto work = [&]() -> task<> {
        const transfer sent = co_await ends.other->write("hello, ", "world");
        EXPECT_EQ(sent.bytes, 12U);
        ends.other->close();
        got = co_await read_all(*ends.one);
    };
    ends.run(work());
    EXPECT_EQ(got, "hello, world");
}

TEST(a_stream, has_nothing_to_read_until_the_loop_was_told) {
    pair ends;
    std::array<char, 8> into;
    EXPECT_TRUE(ends.one->read_now(asio::buffer(into)).would_block());
    EXPECT_TRUE(ends.one->is_quiet());
    const auto work = [&]() -> task<> {
        const transfer sent = co_await ends.other->write("x");
        EXPECT_FALSE(sent.error);
        co_await ends.one->readable();
        EXPECT_FALSE(ends.one->is_quiet());
        EXPECT_EQ(ends.one->read_now(asio::buffer(into)).bytes, 1U);
        EXPECT_TRUE(ends.one->is_quiet());
        ends.other->close();
        co_await ends.one->readable();
        EXPECT_FALSE(ends.one->is_quiet());
    };
    ends.run(work());
}

TEST(a_stream, writes_more_than_the_kernel_takes_at_once) {
    pair ends;
    const std::string first(300'000, 'a'), second(700'000, 'b');
    std::string got;
    const auto writes = [&]() -> task<> {
        const transfer sent = co_await ends.other->write(first, second);
        EXPECT_FALSE(sent.error);
        EXPECT_EQ(sent.bytes, first.size() + second.size());
        ends.other->close();
    };
    const auto reads = [&]() -> task<> { got = co_await read_all(*ends.one); };
    ends.in.spawn(writes(), no_throw);
    ends.run(reads());
    EXPECT_EQ(got, first + second);
}

TEST(a_stream, that_waits_too_long_is_told_so) {
    pair ends;
    std::array<char, 8> into;
    const auto work = [&]() -> task<> {
        ends.one->expires_after(5ms);
        const transfer got = co_await ends.one->read_some(asio::buffer(into));
        EXPECT_EQ(got.error, asio::error::operation_aborted);
        EXPECT_TRUE(ends.one->timed_out());
        // And goes on as if nothing had been.
        ends.one->expires_never();
        const transfer sent = co_await ends.other->write("later");
        EXPECT_EQ(sent.bytes, 5U);
        const transfer late = co_await ends.one->read_some(asio::buffer(into));
        EXPECT_EQ(late.bytes, 5U);
    };
    ends.run(work());
}

TEST(a_stream, may_be_destroyed_by_who_waits_for_another_at_the_same_edge) {
    pair a;
    std::array<int, 2> more{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, more.data()), 0);
    std::optional<stream> neighbour(std::in_place, a.in, more[0]);
    const auto work = [&]() -> task<> {
        EXPECT_EQ(::write(more[1], "y", 1), 1);  // ready in the same iteration as the stream that is waited for
        const transfer sent = co_await a.other->write("x");
        EXPECT_FALSE(sent.error);
        co_await a.one->readable();
        neighbour.reset();
        co_await pause(a.in, 1ms);
    };
    a.run(work());
    ::close(more[1]);
}

TEST(an_async_event, wakes_all_who_wait_and_is_not_waited_for_longer_than_was_said) {
    loop in;
    async_event happens(in);
    int woken = 0;
    const auto waits = [&](milliseconds at_most) -> task<> {
        co_await happens.wait(at_most);
        ++woken;
    };
    const auto work = [&]() -> task<> {
        co_await pause(in, 20ms);
        EXPECT_EQ(woken, 1);
        happens.notify_all();
        co_await pause(in, 1ms);
        EXPECT_EQ(woken, 3);
    };
    in.spawn(waits(1ms), no_throw);
    in.spawn(waits(1h), no_throw);
    in.spawn(waits(1h), no_throw);
    in.spawn(work(), no_throw);
    in.finish();
    in.run();
}

}  // namespace
}  // namespace gateway::net
