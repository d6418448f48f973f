#include "connection.hpp"

namespace gateway::upstream {

namespace {

using message::read_result;

constexpr std::size_t max_read_in_a_row = 256 * 1024;  // bytes, before other connections are served

failure read_failure(const net::stream& stream, boost::system::error_code cause) {
    return {.step = step::read,
            .delivery = delivery::unknown,
            .timed_out = stream.timed_out(),
            .cause = cause,
            .detail = {}};
}

failure parse_failure(std::string_view detail) {
    return {.step = step::parse, .delivery = delivery::unknown, .timed_out = false, .cause = {}, .detail = detail};
}

}  // namespace

result<bool> connection::try_receive() {
    // Time may run out between two reads, and a deadline that has passed ends no read that begins after it.
    if (stream.timed_out()) return read_failure(stream, make_error_code(asio::error::timed_out));
    const auto space = reader.prepare();
    const net::transfer received = stream.try_read_some(asio::buffer(space.data(), space.size()));
    if (received.would_block()) return false;
    if (received.bytes == 0) return read_failure(stream, received.error);
    reader.commit(received.bytes);
    read_in_a_row_ += received.bytes;
    return true;
}

task<result<void>> connection::receive() {
    for (;;) {
        // A fast endpoint and a fast caller do not keep others from being served.
        if (read_in_a_row_ >= max_read_in_a_row) {
            read_in_a_row_ = 0;
            co_await stream.yield();
        }
        const auto received = try_receive();
        if (!received) co_return received.error();
        if (*received) co_return result<void>();
        read_in_a_row_ = 0;
        co_await stream.wait_readable();
    }
}

result<bool> connection::try_read_head() {
    for (;;) {
        const read_result head = reader.read_head();
        if (head == read_result::rejected) return parse_failure(reader.reason());
        if (head == read_result::message) return true;
        const auto received = try_receive();
        if (!received || !*received) return received;
    }
}

task<result<void>> connection::read_body(std::size_t wanted) {
    for (;;) {
        const read_result body = reader.read_body(wanted);
        if (body == read_result::rejected) co_return parse_failure(reader.reason());
        if (body == read_result::message) co_return result<void>();
        const auto received = co_await receive();
        if (received) continue;
        if (received.error().cause != asio::error::eof || !reader.end_of_input()) co_return received;
    }
}

bool connection::finish_response() noexcept {
    const bool reusable = request_sent && reader.is_reusable();
    reader.reset();
    read_in_a_row_ = 0;
    return reusable;
}

}  // namespace gateway::upstream
