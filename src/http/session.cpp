#include "gateway/http/session.hpp"

#include <algorithm>
#include <array>

namespace gateway::http {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t first_room = 4096;          // a resize call with an SDK's headers is about 1 KiB
constexpr std::size_t kept_room = 16 * 1024;      // between two calls
constexpr std::size_t most_in_a_row = 64 * 1024;  // bytes read without a wait
constexpr std::size_t most_spare_desks = 64;      // of a worker
// Long beside the way through a network, short beside a drain.
constexpr auto for_a_late_request = std::chrono::milliseconds(500);
constexpr std::size_t linger_bytes = 256 * 1024;
constexpr auto linger_time = std::chrono::seconds(2);

}  // namespace

session::session(net::stream& with, service& held_to, const entrance& through, peer from, bool over_capacity)
    : stream_(with),
      held_to_(held_to),
      through_(through),
      term_(through.term),
      from_(std::move(from)),
      over_capacity_(over_capacity) {}

session::~session() {
    if (desk_ != nullptr) clear_desk();
}

void session::sit_down() {
    if (desk_ != nullptr) return;
    if (held_to_.spare.empty()) {
        desk_ = std::make_unique<desk>();
    } else {
        desk_ = std::move(held_to_.spare.back());
        held_to_.spare.pop_back();
    }
}

void session::clear_desk() noexcept {
    desk_->buffer.consume(desk_->buffer.size());
    if (held_to_.spare.size() < most_spare_desks) held_to_.spare.push_back(std::move(desk_));
    desk_.reset();
}

// The time for the next request runs from here.
void session::begin_wait() {
    if (desk_ != nullptr) {
        desk_->buffer.consume(used_);
        desk_->buffer.shrink(kept_room);
        if (desk_->decoded.capacity() > kept_room) desk_->decoded = {};
    }
    used_ = 0;
    body_ = {};
    refused_.reset();
    bytes_in_ = bytes_out_ = 0;
    idle_ = desk_ == nullptr || desk_->buffer.size() == 0;
    if (!idle_ || over_capacity_) began_ = steady_clock::now();
    stream_.expires_after(idle_ && held_to_.draining ? for_a_late_request
                          : idle_ && served_ > 0     ? held_to_.timeouts.idle
                                                     : held_to_.timeouts.request_header);
}

// The worker drains: an idle connection stays a moment for a request that its caller may have sent already.
void session::hurry() {
    if (idle_) stream_.expires_after(for_a_late_request);
}

bool session::waits_lightly() {
    begin_wait();
    // Over TLS the next request may have been read already, with the end of the one before.
    if (over_capacity_ || !idle_ || (stream_.tls() != nullptr && SSL_has_pending(stream_.tls()) == 1)) return false;
    if (desk_ != nullptr) clear_desk();
    return true;
}

bool session::woke() {
    if (stream_.timed_out()) return false;
    sit_down();
    desk_->buffer.make_room(first_room);
    const net::transfer got = stream_.read_now(asio::buffer(desk_->buffer.room(), desk_->buffer.room_size()));
    desk_->buffer.commit(got.bytes);
    if (got.bytes > 0) request_begins();
    return got.bytes > 0 || got.would_block();
}

bool session::has_request() {
    if (over_capacity_ || idle_) return false;
    const auto bytes = desk_->buffer.data();
    const std::size_t head_bytes = message::head_length(bytes);
    if (head_bytes == 0 || head_bytes > held_to_.limits.header_bytes) return false;
    // What is wrong with it is found again, and said, by next_request().
    if (message::parse_request_head(bytes.substr(0, head_bytes), desk_->head)) return false;
    const auto& how = desk_->head.how;
    if (how.body == message::body_framing::chunked || how.length > held_to_.limits.body_bytes ||
        how.length > bytes.size() - head_bytes)
        return false;
    body_ = bytes.substr(head_bytes, static_cast<std::size_t>(how.length));
    bytes_in_ = used_ = head_bytes + body_.size();
    keep_alive_ = keep_alive_ && how.keep_alive;
    request_is_there();
    return true;
}

void session::request_is_there() {
    stream_.expires_never();
    ++served_;
    if (served_ >= held_to_.limits.requests_per_connection) keep_alive_ = false;
}

task<bool> session::next_request() {
    sit_down();
    desk_->head.fields.clear();
    desk_->head.method = desk_->head.target = desk_->head.path = desk_->head.query = {};
    // From the first byte on the caller is held to the time for a header.
    if (!idle_ && (served_ > 0 || held_to_.draining)) stream_.expires_after(held_to_.timeouts.request_header);
    if (over_capacity_) {
        refuse(refusal::over_capacity, "the gateway serves as many connections as it may");
        co_return true;
    }
    const bool some = co_await read_head();
    if (!some) co_return false;
    if (!refused_) co_await read_body();
    request_is_there();
    co_return true;
}

// The first byte is there.
void session::request_begins() {
    idle_ = false;
    began_ = steady_clock::now();
}

// Reads what is there, at least a byte, within the time that was set.
task<session::arrival> session::receive(std::size_t room) {
    // Who sends requests ahead of their answers does not keep others from being served.
    if (in_a_row_ >= most_in_a_row) {
        in_a_row_ = 0;
        co_await stream_.give_way();
    }
    desk_->buffer.make_room(room);
    net::transfer got;
    while ((got = stream_.read_now(asio::buffer(desk_->buffer.room(), desk_->buffer.room_size()))).would_block()) {
        in_a_row_ = 0;
        co_await stream_.readable();
    }
    desk_->buffer.commit(got.bytes);
    in_a_row_ += got.bytes;
    if (got.bytes > 0) co_return arrival::bytes;
    co_return stream_.timed_out() ? arrival::late : arrival::end;
}

// False when the connection ended before a request began.
task<bool> session::read_head() {
    const std::size_t limit = held_to_.limits.header_bytes;
    std::size_t seen = 0;
    bool may_skip_line = true;
    for (;;) {
        // RFC 9112, 2.2: one empty line before a request is passed over, as some old clients end a body with it.
        if (may_skip_line && desk_->buffer.data().starts_with("\r\n")) {
            desk_->buffer.consume(2);
            may_skip_line = false;
            seen = 0;
        }
        if (const std::size_t length = message::head_length(desk_->buffer.data(), seen);
            length > 0 && length <= limit) {
            used_ = length;
            break;
        }
        seen = desk_->buffer.size();
        if (seen >= limit) {
            const bool in_line = desk_->buffer.data().substr(0, limit).find("\r\n") == std::string_view::npos;
            refuse(in_line ? refusal::line_too_long : refusal::header_too_long,
                   in_line ? "the request line is longer than limits.header_bytes"
                           : "the header is longer than limits.header_bytes");
            co_return true;
        }
        const auto got = co_await receive(std::min(first_room, limit - seen + first_room));
        if (got != arrival::bytes || stream_.timed_out()) {
            if (desk_->buffer.size() == 0) co_return false;
            if (got == arrival::end) co_return false;  // gone in the middle of a header: nobody is there to answer
            refuse(refusal::late, "the header did not arrive in time");
            co_return true;
        }
        if (idle_) {
            request_begins();
            if (served_ > 0 || held_to_.draining) stream_.expires_after(held_to_.timeouts.request_header);
        }
    }
    bytes_in_ = used_;
    if (auto problem = message::parse_request_head(desk_->buffer.data().substr(0, used_), desk_->head)) {
        refuse(*problem);
        co_return true;
    }
    keep_alive_ = keep_alive_ && desk_->head.how.keep_alive;
    co_return true;
}

task<> session::read_body() {
    using message::body_framing;
    if (desk_->head.how.body == body_framing::none) co_return;
    const std::size_t limit = held_to_.limits.body_bytes;
    const bool chunked = desk_->head.how.body == body_framing::chunked;
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(desk_->head.how.length, limit + 1));
    if (length > limit) {
        refuse(refusal::body_too_large, "the body is larger than limits.body_bytes");
        co_return;
    }
    const std::size_t head_bytes = used_;
    const bool all_there = !chunked && desk_->buffer.size() - head_bytes >= length;
    if (!all_there) {
        stream_.expires_after(held_to_.timeouts.request_body);
        // The views in head_ end when the buffer grows or moves: have all the room first, then parse the head again.
        if (!chunked) {
            desk_->buffer.make_room(head_bytes + length - std::min(desk_->buffer.size(), head_bytes + length));
        }
        if (desk_->head.expects_continue && desk_->head.http_1_1 && desk_->buffer.size() == head_bytes) {
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
    desk_->decoded.clear();
    for (;;) {
        if (chunked) {
            const auto rest = desk_->buffer.data().substr(used_);
            std::size_t taken = 0;
            if (auto problem = decoder.feed(rest, taken, desk_->decoded, limit + 1)) {
                refuse(*problem);
                break;
            }
            bytes_in_ += taken;
            used_ += taken;
            if (desk_->decoded.size() > limit) {
                refuse(refusal::body_too_large, "the body is larger than limits.body_bytes");
                break;
            }
            if (decoder.done()) break;
            // All that came is decoded: only the head stays, so the buffer does not grow with the body.
            used_ = head_bytes;
            desk_->buffer.cut(head_bytes, taken);
        } else if (desk_->buffer.size() - head_bytes >= length) {
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
    if (!all_there)
        static_cast<void>(message::parse_request_head(desk_->buffer.data().substr(0, head_bytes), desk_->head));
    body_ = chunked ? std::string_view(desk_->decoded) : desk_->buffer.data().substr(head_bytes, refused_ ? 0 : length);
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
    if (!stream_.is_end_of_iteration()) co_await stream_.end_of_iteration();
    net::transfer sent = stream_.write_now(first, second);
    if (sent.would_block()) {
        // A caller that does not take its answer is held to the time that it has for a body.
        stream_.expires_after(held_to_.timeouts.request_body);
        sent = co_await stream_.write(first, second, sent.bytes);
        stream_.expires_never();
    }
    bytes_out_ += sent.bytes;
    if (sent.error) keep_alive_ = false;
    co_return !sent.error;
}

task<> session::linger() {
    stream_.shutdown_send();
    stream_.expires_after(linger_time);
    std::array<char, 4096> unread;
    for (std::size_t total = 0; total < linger_bytes && !stream_.timed_out();) {
        const net::transfer got = co_await stream_.read_some(asio::buffer(unread));
        if (got.error) break;
        total += got.bytes;
    }
    stream_.expires_never();
}

}  // namespace gateway::http
