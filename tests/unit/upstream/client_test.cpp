#include "gateway/upstream/client.hpp"

#include "world.hpp"

namespace gateway::upstream {
namespace {

constexpr request repeatable{.head = "GET / HTTP/1.1\r\n\r\n", .body = {}, .may_repeat = true};
constexpr request not_repeatable{.head = "POST / HTTP/1.1\r\n\r\n", .body = {}, .may_repeat = false};

struct upstream_client : testing::Test {
    net::loop loop;
    endpoint_listener endpoint{loop};
    std::atomic<std::size_t> total_open{0};
    config::timeouts timeouts;
    std::unique_ptr<client> sender;

    upstream_client() {
        timeouts.upstream_response = 5s;
        make_client();
    }
    void make_client() {
        sender = std::make_unique<client>(loop, std::vector{config::endpoint{false, "127.0.0.1", endpoint.port()}},
                                          nullptr, config::upstream{}, timeouts, &total_open);
    }
    // The body of the response; of a failure its text.
    task<std::string> exchange(const request& outgoing) {
        auto received = co_await sender->exchange(0, outgoing);
        if (!received) co_return received.error().text();
        const auto read = co_await received->read_body(1024);
        co_return read ? std::string(received->body()) : read.error().text();
    }
    task<failure> failed_exchange(const request& outgoing) {
        const auto received = co_await sender->exchange(0, outgoing);
        EXPECT_FALSE(received);
        co_return received ? failure{} : received.error();
    }
};

TEST_F(upstream_client, sends_the_next_request_over_the_connection_of_the_one_before) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        for (const char* const body : {"first", "second"}) {
            const auto text = co_await read_request(*stream);
            EXPECT_EQ(text, not_repeatable.head);
            co_await write_response(*stream, body);
        }
    };
    const auto call = [&]() -> task<> {
        const auto first = co_await exchange(not_repeatable);
        EXPECT_EQ(first, "first");
        const auto second = co_await exchange(not_repeatable);
        EXPECT_EQ(second, "second");
        EXPECT_EQ(total_open, 1U);
    };
    run(loop, serve(), call());
    sender.reset();
    EXPECT_EQ(total_open, 0U);
}

TEST_F(upstream_client, replaces_a_kept_connection_that_its_peer_has_closed_before_it_sends) {
    net::async_event closed(loop);
    const auto serve = [&]() -> task<> {
        auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        co_await write_response(*stream, "first");
        stream.reset();
        closed.notify_all();
        stream = co_await endpoint.accept();
        const auto text = co_await read_request(*stream);
        EXPECT_EQ(text, not_repeatable.head);
        co_await write_response(*stream, "second");
    };
    const auto call = [&]() -> task<> {
        static_cast<void>(co_await exchange(not_repeatable));
        co_await closed.wait(100ms);
        co_await net::pause(loop, 1ms);  // an iteration, in which epoll reports it
        const auto second = co_await exchange(not_repeatable);
        EXPECT_EQ(second, "second");
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, sends_once_what_changes_something_although_its_kept_connection_breaks) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        co_await write_response(*stream, "first");
        static_cast<void>(co_await read_request(*stream));  // and closes
    };
    const auto call = [&]() -> task<> {
        static_cast<void>(co_await exchange(not_repeatable));
        const auto error = co_await failed_exchange(not_repeatable);
        EXPECT_EQ(error.step, step::read);
        EXPECT_EQ(error.delivery, delivery::unknown);
        EXPECT_FALSE(error.timed_out);
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, sends_again_what_changes_nothing_when_its_kept_connection_breaks) {
    const auto serve = [&]() -> task<> {
        auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        co_await write_response(*stream, "first");
        static_cast<void>(co_await read_request(*stream));
        stream.reset();
        stream = co_await endpoint.accept();
        const auto text = co_await read_request(*stream);
        EXPECT_EQ(text, repeatable.head);
        co_await write_response(*stream, "second");
    };
    const auto call = [&]() -> task<> {
        static_cast<void>(co_await exchange(repeatable));
        const auto second = co_await exchange(repeatable);
        EXPECT_EQ(second, "second");
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, sends_twice_at_most_and_says_that_the_first_time_may_have_arrived) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        co_await write_response(*stream, "first");
        static_cast<void>(co_await read_request(*stream));
        endpoint.close();  // so that the second time finds nobody
    };
    const auto call = [&]() -> task<> {
        static_cast<void>(co_await exchange(repeatable));
        const auto error = co_await failed_exchange(repeatable);
        EXPECT_EQ(error.step, step::connect);
        EXPECT_EQ(error.delivery, delivery::unknown);
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, sends_nothing_again_over_a_connection_that_was_new) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
    };
    const auto call = [&]() -> task<> {
        const auto error = co_await failed_exchange(repeatable);
        EXPECT_EQ(error.step, step::read);
        EXPECT_EQ(error.delivery, delivery::unknown);
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, says_that_nothing_was_sent_when_nobody_listens) {
    endpoint.close();
    const auto call = [&]() -> task<> {
        const auto error = co_await failed_exchange(not_repeatable);
        EXPECT_EQ(error.text(), "connect: Connection refused");
        EXPECT_EQ(error.delivery, delivery::not_sent);
    };
    run(loop, call());
    EXPECT_EQ(total_open, 0U);
}

TEST_F(upstream_client, gives_up_a_response_that_does_not_come_in_time) {
    timeouts.upstream_response = 20ms;
    make_client();
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        const auto nothing = co_await read_request(*stream);  // until the client closes
        EXPECT_EQ(nothing, "");
    };
    const auto call = [&]() -> task<> {
        const auto error = co_await failed_exchange(repeatable);
        EXPECT_EQ(error.text(), "read: timed out");
        EXPECT_EQ(error.delivery, delivery::unknown);
    };
    run(loop, serve(), call());
    EXPECT_EQ(total_open, 0U);
}

TEST_F(upstream_client, keeps_no_connection_whose_response_was_not_read_to_its_end) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        const net::transfer written = co_await stream->async_write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        EXPECT_FALSE(written.error);
        const auto nothing = co_await read_request(*stream);  // until the client closes
        EXPECT_EQ(nothing, "");
    };
    const auto call = [&]() -> task<> {
        const auto received = co_await sender->exchange(0, not_repeatable);
        EXPECT_TRUE(received);
        EXPECT_FALSE(received && received->whole());
    };
    run(loop, serve(), call());
    EXPECT_EQ(total_open, 0U);
}

TEST_F(upstream_client, sends_over_the_connection_that_was_acquired_before) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        const auto text = co_await read_request(*stream);
        EXPECT_EQ(text, not_repeatable.head);
        co_await write_response(*stream, "done");
    };
    const auto call = [&]() -> task<> {
        auto acquired = co_await sender->acquire(0);
        EXPECT_EQ(total_open, 1U);
        auto received = co_await sender->exchange(acquired.value(), not_repeatable);
        const auto read = co_await received.value().read_body(1024);
        EXPECT_TRUE(read);
        EXPECT_EQ(received.value().body(), "done");
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, keeps_an_acquired_connection_that_was_not_used) {
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        const auto text = co_await read_request(*stream);
        EXPECT_EQ(text, not_repeatable.head);
        co_await write_response(*stream, "done");
    };
    const auto call = [&]() -> task<> {
        {
            const auto unused = co_await sender->acquire(0);
            EXPECT_TRUE(unused);
        }
        const auto answer = co_await exchange(not_repeatable);
        EXPECT_EQ(answer, "done");
        EXPECT_EQ(total_open, 1U);
    };
    run(loop, serve(), call());
}

// What a ledger has as sent must not be sent over another connection, not even where nothing was written.
TEST_F(upstream_client, sends_nothing_when_the_acquired_connection_is_closed_meanwhile) {
    net::async_event closed(loop);
    const auto serve = [&]() -> task<> {
        auto stream = co_await endpoint.accept();
        stream.reset();
        closed.notify_all();
    };
    const auto call = [&]() -> task<> {
        auto acquired = co_await sender->acquire(0);
        co_await closed.wait(5s);
        co_await net::pause(loop, 1ms);  // an iteration, in which epoll reports it
        const auto received = co_await sender->exchange(acquired.value(), repeatable);
        EXPECT_FALSE(received);
        EXPECT_EQ(received.error().step, step::write);
        EXPECT_EQ(received.error().delivery, delivery::not_sent);
    };
    run(loop, serve(), call());
}

TEST_F(upstream_client, closes_an_acquired_connection_whose_exchange_failed) {
    timeouts.upstream_response = 20ms;
    make_client();
    const auto serve = [&]() -> task<> {
        const auto stream = co_await endpoint.accept();
        static_cast<void>(co_await read_request(*stream));
        std::array<char, 16> rest;
        const net::transfer end = co_await stream->async_read_some(asio::buffer(rest));
        EXPECT_EQ(end.error, asio::error::eof);
    };
    const auto call = [&]() -> task<> {
        auto acquired = co_await sender->acquire(0);
        const auto received = co_await sender->exchange(acquired.value(), not_repeatable);
        EXPECT_FALSE(received);
        EXPECT_TRUE(received.error().timed_out);
    };
    run(loop, serve(), call());
}

}  // namespace
}  // namespace gateway::upstream
