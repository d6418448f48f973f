#include "gateway/net/loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gateway/net/async_event.hpp"
#include "gateway/net/stream.hpp"

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

void no_throw(const std::exception_ptr& exception) { EXPECT_FALSE(exception); }

// Two ends of a connection, both served by one loop.
struct pair {
    pair() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        one.emplace(event_loop, ends[0]);
        other.emplace(event_loop, ends[1]);
    }
    loop event_loop;
    std::optional<stream> one, other;

    void run(task<> coroutine) {
        event_loop.spawn(std::move(coroutine), no_throw);
        event_loop.post([this] { event_loop.finish(); });
        event_loop.run();
    }
};

task<std::string> read_all(stream& source) {
    std::array<char, 5> part;
    std::string all;
    for (;;) {
        const transfer got = co_await source.async_read_some(asio::buffer(part));
        if (got.error) {
            EXPECT_EQ(got.error, asio::error::eof);
            co_return all;
        }
        all.append(part.data(), got.bytes);
    }
}

TEST(a_loop, ends_after_finish_when_its_last_coroutine_has_ended) {
    loop event_loop;
    bool done = false;
    const auto work = [&]() -> task<> {
        co_await pause(event_loop, 10ms);
        done = true;
    };
    event_loop.spawn(work(), no_throw);
    event_loop.finish();
    event_loop.run();
    EXPECT_TRUE(done);
}

TEST(a_loop, reports_what_a_coroutine_threw) {
    loop event_loop;
    std::string message;
    const auto work = [&]() -> task<> {
        co_await pause(event_loop, 1ms);
        throw std::runtime_error("oops");
    };
    event_loop.spawn(work(), [&](const std::exception_ptr& exception) {
        try {
            std::rethrow_exception(exception);
        } catch (const std::exception& e) {
            message = e.what();
        }
    });
    event_loop.finish();
    event_loop.run();
    EXPECT_EQ(message, "oops");
}

TEST(a_loop, is_woken_by_what_another_thread_posts) {
    loop event_loop;
    std::thread other([&event_loop] { event_loop.post([&event_loop] { event_loop.finish(); }); });
    event_loop.run();
    other.join();
}

TEST(a_loop, loses_nothing_of_what_several_threads_post_while_it_wakes_and_sleeps) {
    constexpr int threads = 4, posts = 20'000;
    loop event_loop;
    int seen = 0;
    std::vector<std::thread> others;
    for (int i = 0; i < threads; ++i)
        others.emplace_back([&] {
            for (int j = 0; j < posts; ++j) {
                event_loop.post([&] {
                    if (++seen == threads * posts) event_loop.finish();
                });
                if (j % 100 == 0) std::this_thread::yield();
            }
        });
    event_loop.run();
    for (std::thread& each : others)
        each.join();
    EXPECT_EQ(seen, threads * posts);
}

TEST(a_loop, can_be_stopped_with_a_coroutine_that_never_ends) {
    bool destroyed = false;
    struct set_at_end {
        bool& flag;
        ~set_at_end() { flag = true; }
    };
    {
        loop stopped;
        const auto work = [&]() -> task<> {
            const set_at_end here{destroyed};
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
        const transfer sent = co_await ends.other->async_write("hello, ", "world");
        EXPECT_EQ(sent.bytes, 12U);
        ends.other->close();
        got = co_await read_all(*ends.one);
    };
    ends.run(work());
    EXPECT_EQ(got, "hello, world");
}

TEST(a_stream, has_nothing_to_read_until_epoll_has_reported_it) {
    pair ends;
    std::array<char, 8> buffer;
    EXPECT_TRUE(ends.one->try_read_some(asio::buffer(buffer)).would_block());
    EXPECT_TRUE(ends.one->is_reusable());
    const auto work = [&]() -> task<> {
        const transfer sent = co_await ends.other->async_write("x");
        EXPECT_FALSE(sent.error);
        co_await ends.one->wait_readable();
        EXPECT_FALSE(ends.one->is_reusable());
        EXPECT_EQ(ends.one->try_read_some(asio::buffer(buffer)).bytes, 1U);
        EXPECT_TRUE(ends.one->is_reusable());
        ends.other->close();
        co_await ends.one->wait_readable();
        EXPECT_FALSE(ends.one->is_reusable());
    };
    ends.run(work());
}

TEST(a_stream, writes_more_than_the_kernel_takes_at_once) {
    pair ends;
    const std::string first(300'000, 'a'), second(700'000, 'b');
    std::string got;
    const auto writes = [&]() -> task<> {
        const transfer sent = co_await ends.other->async_write(first, second);
        EXPECT_FALSE(sent.error);
        EXPECT_EQ(sent.bytes, first.size() + second.size());
        ends.other->close();
    };
    const auto reads = [&]() -> task<> { got = co_await read_all(*ends.one); };
    ends.event_loop.spawn(writes(), no_throw);
    ends.run(reads());
    EXPECT_EQ(got, first + second);
}

TEST(a_stream, that_waits_too_long_times_out) {
    pair ends;
    std::array<char, 8> buffer;
    const auto work = [&]() -> task<> {
        ends.one->expires_after(5ms);
        const transfer got = co_await ends.one->async_read_some(asio::buffer(buffer));
        EXPECT_EQ(got.error, asio::error::operation_aborted);
        EXPECT_TRUE(ends.one->timed_out());
        // It can still be used.
        ends.one->expires_never();
        const transfer sent = co_await ends.other->async_write("later");
        EXPECT_EQ(sent.bytes, 5U);
        const transfer later = co_await ends.one->async_read_some(asio::buffer(buffer));
        EXPECT_EQ(later.bytes, 5U);
    };
    ends.run(work());
}

TEST(a_stream, may_be_destroyed_by_a_coroutine_that_is_resumed_in_the_same_iteration) {
    pair a;
    std::array<int, 2> more{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, more.data()), 0);
    std::optional<stream> neighbour(std::in_place, a.event_loop, more[0]);
    const auto work = [&]() -> task<> {
        EXPECT_EQ(::write(more[1], "y", 1), 1);  // ready in the same iteration as the stream that is waited for
        const transfer sent = co_await a.other->async_write("x");
        EXPECT_FALSE(sent.error);
        co_await a.one->wait_readable();
        neighbour.reset();
        co_await pause(a.event_loop, 1ms);
    };
    a.run(work());
    ::close(more[1]);
}

TEST(an_async_event, resumes_all_who_wait_and_is_waited_for_no_longer_than_the_timeout) {
    loop event_loop;
    async_event event(event_loop);
    int woken = 0;
    const auto waits = [&](milliseconds timeout) -> task<> {
        co_await event.wait(timeout);
        ++woken;
    };
    const auto work = [&]() -> task<> {
        co_await pause(event_loop, 20ms);
        EXPECT_EQ(woken, 1);
        event.notify_all();
        co_await pause(event_loop, 1ms);
        EXPECT_EQ(woken, 3);
    };
    event_loop.spawn(waits(1ms), no_throw);
    event_loop.spawn(waits(1h), no_throw);
    event_loop.spawn(waits(1h), no_throw);
    event_loop.spawn(work(), no_throw);
    event_loop.finish();
    event_loop.run();
}

}  // namespace
}  // namespace gateway::net
