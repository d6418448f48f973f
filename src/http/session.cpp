#include "gateway/http/session.hpp"

#include <algorithm>
#include <array>

namespace gateway::http {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t first_room = 4096;      // a resize call with an SDK's headers is about 1 KiB
constexpr std::size_t kept_room = 16 * 1024;  // between two calls
constexpr std::size_t linger_bytes = 256 * 1024;
constexpr auto linger_time = std::chrono::seconds(2);

}  // namespace

session::session(net::stream& with, const service& held_to, std::string_view listener, std::string peer,
                 bool over_capacity)
    : stream_(with), held_to_(held_to), listener_(listener), peer_(std::move(peer)), over_capacity_(over_capacity) {}

task<bool> session::next_request() {
    buffer_.consume(used_);
    used_ = 0;
    buffer_.shrink(kept_room);
    body_ = {};
    if (decoded_.capacity() > kept_room) decoded_ = {};
    refused_.reset();
    head_.fields.clear();
    head_.method = head_.target = head_.path = head_.query = {};
    bytes_in_ = bytes_out_ = 0;

    if (over_capacity_) {
        began_ = steady_clock::now();
        refuse(refusal::over_capacity, "the gateway serves as many connections as it may");
        co_return true;
    }
    const bool some = co_await read_head();
    if (!some) co_return false;
    if (!refused_) co_await read_body();
    stream_.expires_never();
    ++served_;
    if (served_ >= held_to_.limits.requests_per_connection) keep_alive_ = false;
    co_return true;
}

// Reads what is there, at least a byte, within the time that was set.
task<session::arrival> session::receive(std::size_t room) {
    buffer_.make_room(room);
    const auto [ec, bytes] = co_await stream_.read_some(asio::buffer(buffer_.room(), buffer_.room_size()));
    buffer_.commit(bytes);
    if (bytes > 0) co_return arrival::bytes;
    co_return stream_.timed_out() ? arrival::late : arrival::end;
}

// False when the connection ended before a request began.
task<bool> session::read_head() {
    const std::size_t limit = held_to_.limits.header_bytes;
    const auto& times = held_to_.timeouts;
    idle_ = buffer_.size() == 0;
    if (idle_ && served_ > 0 && held_to_.draining) co_return false;
    stream_.expires_after(idle_ && served_ > 0 ? times.idle : times.request_header);
    began_ = steady_clock::now();

    std::size_t seen = 0;
    bool may_skip_line = true;
    for (;;) {
        // RFC 9112, 2.2: one empty line before a request is passed over, as some old clients end a body with it.
        if (may_skip_line && buffer_.data().starts_with("\r\n")) {
            buffer_.consume(2);
            may_skip_line = false;
            seen = 0;
        }
        if (const std::size_t length = message::head_length(buffer_.data(), seen); length > 0 && length <= limit) {
            used_ = length;
            break;
        }
        seen = buffer_.size();
        if (seen >= limit) {
            const bool in_line = buffer_.data().substr(0, limit).find("\r\n") == std::string_view::npos;
            refuse(in_line ? refusal::line_too_long : refusal::header_too_long,
                   in_line ? "the request line is longer than limits.header_bytes"
                           : "the header is longer than limits.header_bytes");
            co_return true;
        }
        const auto got = co_await receive(std::min(first_room, limit - seen + first_room));
        if (got != arrival::bytes || stream_.timed_out()) {
            if (buffer_.size() == 0) co_return false;
            if (got == arrival::end) co_return false;  // gone in the middle of a header: nobody is there to answer
            refuse(refusal::late, "the header did not arrive in time");
            co_return true;
        }
        if (idle_) {
            idle_ = false;
            began_ = steady_clock::now();
            if (served_ > 0) stream_.expires_after(times.request_header);
        }
    }
    bytes_in_ = used_;
    if (auto problem = message::parse_request_head(buffer_.data().substr(0, used_), head_)) {
        refuse(*problem);
        co_return true;
    }
    keep_alive_ = keep_alive_ && head_.how.keep_alive;
    co_return true;
}

task<> session::read_body() {
    using message::body_framing;
    if (head_.how.body == body_framing::none) co_return;
    const std::size_t limit = held_to_.limits.body_bytes;
    const bool chunked = head_.how.body == body_framing::chunked;
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(head_.how.length, limit + 1));
    if (length > limit) {
        refuse(refusal::body_too_large, "the body is larger than limits.body_bytes");
        co_return;
    }
    const std::size_t head_bytes = used_;
    const bool all_there = !chunked && buffer_.size() - head_bytes >= length;
    if (!all_there) {
        stream_.expires_after(held_to_.timeouts.request_body);
        // The views in head_ end when the buffer grows or moves: have all the room first, then parse the head again.
        if (!chunked) {
            buffer_.make_room(head_bytes + length - std::min(buffer_.size(), head_bytes + length));
        }
        if (head_.expects_continue && head_.http_1_1 && buffer_.size() == head_bytes) {
            const bool taken = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
            if (!taken) {
                refuse(refusal::late, "the caller did not take 100 Continue");
                co_return;
            }
            bytes_out_ = 0;                                         // an interim answer is no part of the answer
            stream_.expires_after(held_to_.timeouts.request_body);  // which send() has taken away
        }
    }

    message::chunk_decoder decoder;
    decoded_.clear();
    for (;;) {
        if (chunked) {
            const auto rest = buffer_.data().substr(used_);
            std::size_t taken = 0;
            if (auto problem = decoder.feed(rest, taken, decoded_, limit + 1)) {
                refuse(*problem);
                break;
            }
            bytes_in_ += taken;
            used_ += taken;
            if (decoded_.size() > limit) {
                refuse(refusal::body_too_large, "the body is larger than limits.body_bytes");
                break;
            }
            if (decoder.done()) break;
            // All that came is decoded: only the head stays, so the buffer does not grow with the body.
            used_ = head_bytes;
            buffer_.cut(head_bytes, taken);
        } else if (buffer_.size() - head_bytes >= length) {
            used_ = head_bytes + length;
            bytes_in_ = used_;
            break;
        }
        const auto got = co_await receive(chunked ? first_room : 1);
        if (got != arrival::bytes || stream_.timed_out()) {
            if (got == arrival::end)
                refuse(refusal::malformed, "the connection ended before the body did");
            else
                refuse(refusal::late, "the body did not arrive in time");
            break;
        }
    }
    if (!all_there) static_cast<void>(message::parse_request_head(buffer_.data().substr(0, head_bytes), head_));
    body_ = chunked ? std::string_view(decoded_) : buffer_.data().substr(head_bytes, refused_ ? 0 : length);
}

void session::refuse(refusal what, std::string_view why) {
    refused_ = refused{what, why};
    keep_alive_ = false;
}

void session::refuse(const message::problem& why) {
    switch (why.what) {
        case message::fault::malformed:
            return refuse(refusal::malformed, why.why);
        case message::fault::line_too_long:
            return refuse(refusal::line_too_long, why.why);
        case message::fault::header_too_long:
            return refuse(refusal::header_too_long, why.why);
        case message::fault::unknown_transfer_coding:
            return refuse(refusal::unknown_coding, why.why);
        case message::fault::unknown_expectation:
            return refuse(refusal::unknown_expectation, why.why);
        case message::fault::body_too_large:
            return refuse(refusal::body_too_large, why.why);
    }
}

task<bool> session::send(std::string_view first, std::string_view second) {
    // A caller that does not take its answer is held to the time that it has for a body.
    stream_.expires_after(held_to_.timeouts.request_body);
    const auto [ec, bytes] = co_await stream_.write(first, second);
    bytes_out_ += bytes;
    stream_.expires_never();
    if (ec) keep_alive_ = false;
    co_return !ec;
}

task<> session::linger() {
    stream_.shutdown_send();
    stream_.expires_after(linger_time);
    std::array<char, 4096> unread;
    for (std::size_t total = 0; total < linger_bytes && !stream_.timed_out();) {
        const auto [ec, bytes] = co_await stream_.read_some(asio::buffer(unread));
        if (ec) break;
        total += bytes;
    }
    stream_.expires_never();
}

}  // namespace gateway::http
