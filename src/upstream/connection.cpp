#include "connection.hpp"

#include <algorithm>

namespace gateway::upstream {

namespace {

constexpr std::size_t most_head_bytes = 64 * 1024;  // tokens in an answer's header run to kilobytes
constexpr std::size_t room_for_head = 4096;
constexpr std::size_t room_for_body = 16 * 1024;
constexpr std::size_t most_in_a_row = 256 * 1024;  // bytes read before other connections have their turn
constexpr unsigned most_interim_answers = 8;       // 1xx before the answer (RFC 9110, 15.2)

failure read_failure(const net::stream& from, boost::system::error_code cause) {
    return failure{.at = step::read, .cloud = reached::maybe, .timed_out = from.timed_out(), .cause = cause, .why = {}};
}

// Whether the one begins with the other, as far as both go.
bool begins_alike(std::string_view a, std::string_view b) noexcept {
    const auto both = std::min(a.size(), b.size());
    return a.substr(0, both) == b.substr(0, both);
}

failure parse_failure(std::string_view why) {
    return failure{.at = step::parse, .cloud = reached::maybe, .timed_out = false, .cause = {}, .why = why};
}

}  // namespace

result<bool> connection::receive_now(std::size_t room) {
    // Time may run out between two reads, and a deadline that has passed ends no read that begins after it.
    if (stream.timed_out()) return read_failure(stream, make_error_code(asio::error::timed_out));
    const char* const before = buffer.data().data();
    buffer.make_room(room);
    if (head_bytes > 0 && buffer.data().data() != before) {
        // The head has moved with the buffer, and what is known of it are views: read it again.
        static_cast<void>(message::parse_response_head(buffer.data().substr(0, head_bytes), head));
    }
    const net::transfer got = stream.read_now(asio::buffer(buffer.room(), buffer.room_size()));
    if (got.would_block()) return false;
    if (got.bytes == 0) return read_failure(stream, got.error);
    buffer.commit(got.bytes);
    in_a_row += got.bytes;
    answered = true;
    return true;
}

task<result<void>> connection::receive(std::size_t room) {
    for (;;) {
        // A fast endpoint and a fast caller do not keep others from being served.
        if (in_a_row >= most_in_a_row) {
            in_a_row = 0;
            co_await stream.give_way();
        }
        const auto got = receive_now(room);
        if (!got) co_return got.error();
        if (*got) co_return result<void>();
        in_a_row = 0;
        co_await stream.readable();
    }
}

result<bool> connection::head_now() {
    for (;;) {
        const std::size_t length = message::head_length(buffer.data(), seen);
        if (length == 0) {
            seen = buffer.size();
            // What speaks first, or another protocol, need not be waited for until time is up.
            if (!begins_alike(buffer.data(), "HTTP/1."))
                return parse_failure("it does not begin as an HTTP/1.1 answer does (RFC 9112, 4)");
            if (seen >= most_head_bytes) return parse_failure("the header of the answer is longer than 64 KiB");
            const auto got = receive_now(room_for_head);
            if (!got || !*got) return got;
            continue;
        }
        if (length > most_head_bytes) return parse_failure("the header of the answer is longer than 64 KiB");
        if (const auto problem = message::parse_response_head(buffer.data().substr(0, length), head))
            return parse_failure(problem->why);
        if (head.status >= 200) {
            head_bytes = length;
            left = head.how.length;
            decoder = {};
            decoded.clear();
            ended = false;
            return true;
        }
        // Interim answers are not for the caller, who did not ask for any. 101 would turn the connection into something
        // else.
        if (head.status == 101 || interim_answers++ == most_interim_answers)
            return parse_failure("the endpoint sent an interim answer that was not asked for");
        buffer.consume(length);
        seen = 0;
    }
}

// The buffer holds the head and, behind it, what came of the body as it came. A chunked body is decoded out of it.
task<result<void>> connection::fill(std::size_t up_to) {
    for (;;) {
        if (head.how.body == message::body_framing::chunked && !decoder.done()) {
            std::size_t used = 0;
            const auto raw = buffer.data().substr(head_bytes);
            if (const auto problem = decoder.feed(raw, used, decoded, up_to + room_for_body))
                co_return parse_failure(problem->why);
            buffer.cut(head_bytes, used);
        }
        if (whole() || body().size() >= up_to) co_return result<void>();
        auto got = co_await receive(room_for_body);
        if (got) continue;
        if (head.how.body == message::body_framing::until_close && got.error().cause == asio::error::eof) {
            ended = true;
            continue;
        }
        co_return got;
    }
}

bool connection::whole() const noexcept {
    switch (head.how.body) {
        case message::body_framing::none:
            return true;
        case message::body_framing::length:
            return buffer.size() - head_bytes >= left;
        case message::body_framing::chunked:
            return decoder.done();
        case message::body_framing::until_close:
            return ended;
    }
    return false;
}

std::string_view connection::body() const noexcept {
    const auto raw = buffer.data().substr(head_bytes);
    switch (head.how.body) {
        case message::body_framing::none:
            return {};
        case message::body_framing::length:
            return raw.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, raw.size())));
        case message::body_framing::chunked:
            return decoded;
        case message::body_framing::until_close:
            return raw;
    }
    return {};
}

void connection::consume() noexcept {
    const std::size_t bytes = body().size();
    if (head.how.body == message::body_framing::chunked) {
        decoded.clear();
        return;
    }
    if (head.how.body == message::body_framing::length) left -= bytes;
    buffer.cut(head_bytes, bytes);
}

bool connection::finish() noexcept {
    // Bytes behind the answer belong to no request: whoever sent them can't be trusted with another one (RFC
    // 9112, 9.2).
    const std::size_t body_bytes = head.how.body == message::body_framing::length ? static_cast<std::size_t>(left) : 0;
    const bool reusable = whole() && may_be_kept && head.how.keep_alive && buffer.size() == head_bytes + body_bytes;
    buffer.consume(buffer.size());
    buffer.shrink(room_for_body + room_for_head);
    if (in.secret) wipe(decoded.data(), decoded.capacity());
    if (decoded.capacity() > room_for_body) decoded = {};
    head_bytes = 0;
    seen = 0;
    interim_answers = 0;
    in_a_row = 0;
    answered = false;
    return reusable;
}

}  // namespace gateway::upstream
