#pragma once
// An endpoint of the cloud on the loopback, played by a coroutine on the loop of the client.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gateway/base/unique_fd.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/net/stream.hpp"

namespace gateway::upstream {

using namespace std::chrono_literals;

inline void expect_no_exception(const std::exception_ptr& exception) { EXPECT_FALSE(exception); }

// Runs both to their end.
inline void run(net::loop& loop, task<> first, task<> second) {
    loop.spawn(std::move(first), expect_no_exception);
    loop.spawn(std::move(second), expect_no_exception);
    loop.post([&loop] { loop.finish(); });
    loop.run();
}

inline void run(net::loop& loop, task<> only) {
    loop.spawn(std::move(only), expect_no_exception);
    loop.post([&loop] { loop.finish(); });
    loop.run();
}

class endpoint_listener {
public:
    explicit endpoint_listener(net::loop& loop)
        : loop_(loop), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const general = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener_.get(), general, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 16), 0);
        EXPECT_EQ(::getsockname(listener_.get(), general, &size), 0);
        port_ = ntohs(address.sin_port);
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    void close() { listener_.reset(); }  // connections are refused from now on

    // The next connection. Throws std::runtime_error when none comes within 5 s.
    [[nodiscard]] task<std::unique_ptr<net::stream>> accept() {
        for (int i = 0; i < 5000; ++i) {
            const int accepted = ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (accepted >= 0) {
                auto stream = std::make_unique<net::stream>(loop_, accepted);
                stream->expires_after(5s);
                co_return stream;
            }
            co_await net::pause(loop_, 1ms);
        }
        throw std::runtime_error("no connection came");
    }

private:
    net::loop& loop_;
    unique_fd listener_;
    std::uint16_t port_ = 0;
};

// Reads up to the end of a head; what came, when the connection ends before.
inline task<std::string> read_request(net::stream& stream) {
    std::array<char, 1024> part;
    std::string request;
    while (!request.ends_with("\r\n\r\n")) {
        const net::transfer received = co_await stream.async_read_some(asio::buffer(part));
        if (received.error) break;
        request.append(part.data(), received.bytes);
    }
    co_return request;
}

inline task<> write_response(net::stream& stream, std::string_view body) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    const net::transfer written = co_await stream.async_write(text);
    EXPECT_FALSE(written.error);
}

}  // namespace gateway::upstream
