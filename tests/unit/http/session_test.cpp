#include "gateway/http/session.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "gateway/net/async_event.hpp"

namespace gateway::http {
namespace {

using namespace std::chrono_literals;

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post_head = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n";
const std::string chunked_head = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string answered = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string answered_and_closed = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const std::string continues = "HTTP/1.1 100 Continue\r\n\r\n";

std::string text_of(const rejection& rejected) {
    const std::string kind = std::holds_alternative<message::fault>(rejected.fault) ? "message: " : "connection: ";
    return kind + std::string(rejected.reason);
}

// Keeps what it was given, and answers.
struct recording_handler {
    bool keeps_bodies = true;
    std::vector<std::string> handled{};
    std::vector<std::uint64_t> bytes_in{};

    [[nodiscard]] bool wants_body(session& caller) const {
        EXPECT_FALSE(caller.head().method.empty());
        return keeps_bodies;
    }
    task<> operator()(session& caller) {
        std::string description;
        if (caller.rejected())
            description = text_of(*caller.rejected());
        else
            description.append(caller.head().method).append(" ").append(caller.head().path);
        if (caller.body_was_left()) description += " without its body";
        if (!caller.body().empty()) description.append(" ").append(caller.body().substr(0, 20));
        handled.push_back(std::move(description));
        bytes_in.push_back(caller.bytes_in());
        const std::string& answer = caller.keeps_alive() ? answered : answered_and_closed;
        static_cast<void>(co_await caller.send(answer));
    }
};

using lines = std::vector<std::string>;

// Both ends of a connection on one loop.
struct caller_connection : testing::Test {
    net::loop loop;
    usage used;
    service shared{.limits = {}, .timeouts = {}, .used = used, .pool = {}};
    listener_info info{.listener = "test"};
    recording_handler handler;
    bool over_capacity = false;

    static void expect_no_exception(const std::exception_ptr& exception) { EXPECT_FALSE(exception); }

    // Its end is the caller's end of the connection.
    std::unique_ptr<net::stream> connect() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        loop.spawn(serve(ends[0]), expect_no_exception);
        auto stream = std::make_unique<net::stream>(loop, ends[1]);
        stream->expires_after(5s);
        return stream;
    }
    task<> serve(int connected) {
        net::stream stream(loop, connected);
        session connection(stream, shared, info, {}, over_capacity);
        co_await serve_requests(connection, handler);
    }
    // Ends when all connections have.
    void run(task<> caller) {
        loop.spawn(std::move(caller), expect_no_exception);
        loop.post([this] { loop.finish(); });
        loop.run();
    }
    // Sends these pieces, each once the loop has served what came before, then reads until the gateway closes, which it
    // does once the caller sends no more. What the gateway sent.
    std::string talk(const lines& pieces, bool closes = true) {
        std::string got;
        const auto caller = [&]() -> task<> {
            const auto stream = connect();
            for (const std::string& piece : pieces) {
                const auto sent = co_await stream->async_write(piece);
                EXPECT_FALSE(sent.error);
                co_await net::pause(loop, 1ms);
            }
            if (closes) stream->shutdown_send();
            std::array<char, 4096> part{};
            for (;;) {
                const net::transfer received = co_await stream->async_read_some(asio::buffer(part));
                if (received.bytes == 0) break;
                got.append(part.data(), received.bytes);
            }
            EXPECT_FALSE(stream->timed_out());
        };
        run(caller());
        return got;
    }
};

TEST_F(caller_connection, serves_one_request_after_the_other) {
    EXPECT_EQ(talk({get, post_head + "hello", chunked_head + "5\r\nhello\r\n0\r\n\r\n", get}),
              answered + answered + answered + answered);
    EXPECT_EQ(handler.handled, (lines{"GET /a", "POST /b hello", "POST /c hello", "GET /a"}));
    EXPECT_EQ(handler.bytes_in,
              (std::vector<std::uint64_t>{get.size(), post_head.size() + 5, chunked_head.size() + 15, get.size()}));
}

TEST_F(caller_connection, serves_requests_that_come_together_or_in_pieces) {
    const std::string all = get + post_head + "hello" + get;
    EXPECT_EQ(talk({all}), answered + answered + answered);
    for (const std::size_t cut : {std::size_t{3}, get.size(), get.size() + 20, get.size() + post_head.size() + 2})
        EXPECT_EQ(talk({all.substr(0, cut), all.substr(cut)}), answered + answered + answered) << cut;
    EXPECT_EQ(handler.handled.size(), 15U);
}

TEST_F(caller_connection, asks_for_the_body_of_a_caller_that_waits_to_be_asked) {
    const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    EXPECT_EQ(talk({head, "hello"}), continues + answered);
    EXPECT_EQ(talk({head + "hello"}), answered) << "it has not waited";
    EXPECT_EQ(talk({head + "he", "llo"}), answered) << "it has begun";
    EXPECT_EQ(handler.handled, (lines{"POST /b hello", "POST /b hello", "POST /b hello"}));
}

TEST_F(caller_connection, neither_asks_for_nor_keeps_a_body_that_is_not_wanted) {
    handler.keeps_bodies = false;
    EXPECT_EQ(talk({"POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"}),
              answered_and_closed);
    EXPECT_EQ(talk({post_head + "he", "llo" + get}), answered_and_closed);
    EXPECT_EQ(talk({chunked_head + "5\r\nhello\r\n0\r\n\r\n" + get}), answered_and_closed);
    EXPECT_EQ(handler.handled,
              (lines{"POST /b without its body", "POST /b without its body", "POST /c without its body"}));
}

TEST_F(caller_connection, closes_after_a_request_that_is_rejected) {
    EXPECT_EQ(talk({get + "{}" + get}), answered + answered_and_closed);
    EXPECT_EQ(handler.handled, (lines{"GET /a", "message: no method begins so (RFC 9112, 3)"}));
}

TEST_F(caller_connection, closes_when_its_caller_asks_for_it) {
    EXPECT_EQ(talk({"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get}), answered_and_closed);
    EXPECT_EQ(handler.handled, lines{"GET /a"});
}

TEST_F(caller_connection, is_answered_when_the_rest_of_a_request_does_not_come_in_time) {
    shared.timeouts.request_header = shared.timeouts.request_body = 20ms;
    EXPECT_EQ(talk({"GET /a HTTP/1.1\r\n"}, false), answered_and_closed);
    EXPECT_EQ(talk({get, "GET /a HTTP/1.1\r\n"}, false), answered + answered_and_closed);
    EXPECT_EQ(talk({post_head + "hell"}, false), answered_and_closed);
    EXPECT_EQ(talk({chunked_head + "5\r\nhe"}, false), answered_and_closed);
    EXPECT_EQ(handler.handled,
              (lines{"connection: the header did not arrive in time", "GET /a",
                     "connection: the header did not arrive in time", "connection: the body did not arrive in time",
                     "connection: the body did not arrive in time"}));
}

// A pause ends no wait: time that is up meanwhile has to be noticed by the read behind it.
TEST_F(caller_connection, is_answered_when_its_time_is_up_while_it_lets_others_be_served) {
    shared.timeouts.request_body = 1ms;
    const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n";
    EXPECT_EQ(talk({head + std::string(70000, 'b')}, false), answered_and_closed);
    EXPECT_EQ(handler.handled, lines{"connection: the body did not arrive in time"});
}

TEST_F(caller_connection, is_closed_without_an_answer_when_no_request_comes_in_time) {
    shared.timeouts.idle = shared.timeouts.request_header = 20ms;
    EXPECT_EQ(talk({}, false), "");
    EXPECT_EQ(talk({get}, false), answered);
    EXPECT_EQ(talk({get, "\r\n"}, false), answered) << "an empty line is no request";
}

TEST_F(caller_connection, that_ends_within_a_request_is_answered_only_where_its_head_was_there) {
    EXPECT_EQ(talk({"GET /a HTTP/1.1\r\n"}), "");
    EXPECT_EQ(talk({post_head + "hell"}), answered_and_closed);
    EXPECT_EQ(handler.handled, lines{"message: the connection ended before the body did"});
}

TEST_F(caller_connection, that_is_one_too_many_is_answered_at_once) {
    over_capacity = true;
    EXPECT_EQ(talk({}, false), answered_and_closed);
    EXPECT_EQ(handler.handled, lines{"connection: the gateway serves as many connections as it may"});
}

TEST_F(caller_connection, has_no_body_for_which_there_is_no_memory) {
    shared.limits.buffered_bytes = 20000;
    const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: ";
    const std::string large(20000, 'b');
    EXPECT_EQ(talk({head + "20000\r\n\r\n"}), answered_and_closed);
    EXPECT_EQ(talk({chunked_head + "4e20\r\n" + large + "\r\n0\r\n\r\n"}), answered_and_closed);
    EXPECT_EQ(talk({head + "10000\r\n\r\n", large.substr(0, 10000)}), answered) << "which any connection may have";
    EXPECT_EQ(handler.handled, (lines{"connection: the bodies that wait just now have all of limits.buffered_bytes",
                                      "connection: the bodies that wait just now have all of limits.buffered_bytes",
                                      "POST /b " + large.substr(0, 20)}));
    EXPECT_EQ(used.buffered_bytes, 0U) << "given back";
}

TEST_F(caller_connection, counts_the_memory_of_a_large_body_while_it_has_it) {
    const std::string body(30000, 'b');
    std::size_t counted = 0;
    const auto caller = [&]() -> task<> {
        const auto stream = connect();
        const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 30000\r\n\r\n";
        const std::string begun = head + "b";
        static_cast<void>(co_await stream->async_write(begun));
        while (used.buffered_bytes == 0 && !stream->timed_out())
            co_await net::pause(loop, 1ms);
        counted = used.buffered_bytes - head.size();
        static_cast<void>(co_await stream->async_write(std::string_view(body).substr(1)));
        std::array<char, 128> part{};
        static_cast<void>(co_await stream->async_read_some(asio::buffer(part)));
        while (used.buffered_bytes != 0 && !stream->timed_out())
            co_await net::pause(loop, 1ms);
        EXPECT_FALSE(stream->timed_out());
    };
    run(caller());
    EXPECT_EQ(counted, body.size());
}

TEST_F(caller_connection, shares_its_buffers_while_it_is_idle) {
    const auto caller = [&]() -> task<> {
        std::vector<std::unique_ptr<net::stream>> streams;
        for (int i = 0; i < 10; ++i)
            streams.push_back(connect());
        std::array<char, 128> part{};
        for (int round = 0; round < 2; ++round) {
            for (const auto& stream : streams) {
                static_cast<void>(co_await stream->async_write(get));
                static_cast<void>(co_await stream->async_read_some(asio::buffer(part)));
                co_await net::pause(loop, 1ms);
                EXPECT_EQ(shared.pool.size(), 1U);
            }
        }
    };
    run(caller());
    EXPECT_EQ(handler.handled.size(), 20U);
}

TEST_F(caller_connection, gives_the_buffers_of_a_half_sent_request_back_empty) {
    EXPECT_EQ(talk({"GET /half HTTP/1.1\r\n"}), "");
    EXPECT_EQ(shared.pool.size(), 1U);
    EXPECT_EQ(talk({get}), answered);
    EXPECT_EQ(handler.handled, lines{"GET /a"});
}

TEST_F(caller_connection, closes_after_as_many_requests_as_it_may_have) {
    shared.limits.requests_per_connection = 2;
    EXPECT_EQ(talk({get, get, get}), answered + answered_and_closed);
    EXPECT_EQ(handler.handled.size(), 2U);
}

TEST_F(caller_connection, closes_after_its_answer_while_the_worker_drains) {
    shared.draining = true;
    EXPECT_EQ(talk({get}, false), answered_and_closed);
}

TEST_F(caller_connection, closes_after_its_answer_when_its_listener_has_changed) {
    const auto caller = [&]() -> task<> {
        const auto stream = connect();
        std::array<char, 128> part{};
        static_cast<void>(co_await stream->async_write(get));
        const net::transfer first = co_await stream->async_read_some(asio::buffer(part));
        EXPECT_EQ(std::string_view(part.data(), first.bytes), answered);
        ++info.generation;
        static_cast<void>(co_await stream->async_write(get));
        const net::transfer second = co_await stream->async_read_some(asio::buffer(part));
        EXPECT_EQ(std::string_view(part.data(), second.bytes), answered_and_closed);
    };
    run(caller());
}

TEST_F(caller_connection, lets_others_be_served_while_it_sends_without_a_pause) {
    std::string many;
    while (many.size() < 150 * 1024)  // more than a connection may read in a row
        many += get;
    const std::size_t count = many.size() / get.size();
    bool other_served = false;
    const auto other = [&]() -> task<> {
        co_await net::pause(loop, 1ms);
        EXPECT_LT(handler.handled.size(), count);
        other_served = true;
    };
    std::size_t received_bytes = 0;
    const auto caller = [&]() -> task<> {
        const auto stream = connect();
        loop.spawn(other(), expect_no_exception);
        const auto write = [&]() -> task<> {
            const auto sent = co_await stream->async_write(many);
            EXPECT_FALSE(sent.error);
            stream->shutdown_send();
        };
        loop.spawn(write(), expect_no_exception);
        std::array<char, 16384> part{};
        for (;;) {
            const net::transfer received = co_await stream->async_read_some(asio::buffer(part));
            if (received.bytes == 0) break;
            received_bytes += received.bytes;
        }
    };
    run(caller());
    EXPECT_TRUE(other_served);
    EXPECT_EQ(handler.handled.size(), count);
    EXPECT_EQ(received_bytes, count * answered.size());
}

}  // namespace
}  // namespace gateway::http
