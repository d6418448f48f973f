#include "connection.hpp"

namespace gateway::upstream {

namespace {

using message::read_result;

constexpr std::size_t most_in_a_row = 256 * 1024;  // bytes read before other connections have their turn

failure read_failure(const net::stream& from, boost::system::error_code cause) {
    return failure{
        .at = step::read, .cloud = delivery::unknown, .timed_out = from.timed_out(), .cause = cause, .why = {}};
}

failure parse_failure(std::string_view why) {
    return failure{.at = step::parse, .cloud = delivery::unknown, .timed_out = false, .cause = {}, .why = why};
}

}  // namespace

result<bool> connection::receive_now() {
    // Time may run out between two reads, and a deadline that has passed ends no read that begins after it.
    if (stream.timed_out()) return read_failure(stream, make_error_code(asio::error::timed_out));
    const auto room = reader.prepare();
    const net::transfer got = stream.read_now(asio::buffer(room.data(), room.size()));
    if (got.would_block()) return false;
    if (got.bytes == 0) return read_failure(stream, got.error);
    reader.commit(got.bytes);
    in_a_row += got.bytes;
    return true;
}

task<result<void>> connection::receive() {
    for (;;) {
        // A fast endpoint and a fast caller do not keep others from being served.
        if (in_a_row >= most_in_a_row) {
            in_a_row = 0;
            co_await stream.give_way();
        }
        const auto got = receive_now();
        if (!got) co_return got.error();
        if (*got) co_return result<void>();
        in_a_row = 0;
        co_await stream.readable();
    }
}

result<bool> connection::head_now() {
    for (;;) {
        const read_result head = reader.read_head();
        if (head == read_result::rejected) return parse_failure(reader.why_rejected());
        if (head == read_result::message) return true;
        const auto got = receive_now();
        if (!got || !*got) return got;
    }
}

task<result<void>> connection::fill(std::size_t up_to) {
    for (;;) {
        const read_result body = reader.read_body(up_to);
        if (body == read_result::rejected) co_return parse_failure(reader.why_rejected());
        if (body == read_result::message) co_return result<void>();
        auto got = co_await receive();
        if (got) continue;
        if (got.error().cause != asio::error::eof || !reader.end_of_input()) co_return got;
    }
}

bool connection::finish() noexcept {
    const bool reusable = sent_whole && reader.is_reusable();
    reader.reset();
    in_a_row = 0;
    return reusable;
}

}  // namespace gateway::upstream
