#pragma once
// HTTP and TLS of the simulator: a thread for each connection, blocking. A thousand connections are a thousand threads
// that mostly sleep, which a test can bear.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "call.hpp"
#include "moved_clock.hpp"
#include "reply.hpp"

namespace simulator {

struct settings {
    std::string address = "127.0.0.1";
    unsigned short port = 9443;
    std::optional<boost::asio::ssl::context> tls;
    std::string record;  // a file that gets a line of JSON for each request; empty: none
    std::size_t requests_per_connection = SIZE_MAX;
};

class listener {
public:
    using handler = std::function<reply(const call&)>;  // is called by many threads at once

    // Binds at once; throws boost::system::system_error, or std::runtime_error when the record can't be written.
    // `clock` is for the Date of the answers.
    listener(settings how, handler behind, const moved_clock& clock);
    [[nodiscard]] unsigned short port() const { return port_; }
    // Accepts until the process ends.
    [[noreturn]] void run();

private:
    void serve_connection(boost::asio::ip::tcp::socket with);
    template <class Stream>
    void serve(Stream& stream);
    template <class Stream>
    [[nodiscard]] bool write(Stream& stream, const call& to, const reply& what, bool last);
    void record(const call& what);
    [[nodiscard]] std::string next_request_id();

    settings how_;
    handler behind_;
    const moved_clock& clock_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    unsigned short port_ = 0;
    std::mutex record_lock_;
    std::ofstream record_;
    std::atomic<unsigned long> answered_ = 0;
};

}  // namespace simulator
