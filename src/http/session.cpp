#include "gateway/http/session.hpp"

#include <algorithm>
#include <array>

#include "gateway/base/token.hpp"

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
constexpr std::string_view no_memory = "the bodies that wait just now have all of limits.buffered_bytes";

constexpr char tls_handshake = 0x16;  // RFC 8446, 5.1: the first byte of a hello

// What can't be one is told at once: whoever sends it, a TLS hello say, may wait for an answer before it sends more.
bool may_begin_request(char first, bool empty_line_before) noexcept {
    return is_token_char(first) || (empty_line_before && first == '\r');
}

}  // namespace

session::session(net::stream& with, service& held_to, const entrance& through, peer from, bool over_capacity)
    : stream_(with),
      held_to_(held_to),
      through_(through),
      term_(through.term),
      from_(std::move(from)),
      over_capacity_(over_capacity),
      share_(held_to.used.buffered_bytes) {}

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
    give_memory_back();
    if (held_to_.spare.size() < most_spare_desks) held_to_.spare.push_back(std::move(desk_));
    desk_.reset();
}

// What large bodies took.
void session::give_memory_back() {
    desk_->buffer.shrink(kept_room);
    if (desk_->decoded.capacity() > kept_room) desk_->decoded = {};
    share_.release();
}

// The time for the next request runs from here.
void session::begin_wait() {
    if (desk_ != nullptr) {
        desk_->buffer.consume(used_);
        give_memory_back();
    }
    used_ = 0;
    body_ = {};
    lacks_body_ = false;
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
    // What is wrong with it is found again, and said, by next_head().
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
    if (through_.term != term_) look_at_certificate();
    ++served_;
    if (served_ >= held_to_.limits.requests_per_connection) keep_alive_ = false;
}

// The listener's client CA may have changed since this caller was verified: what the new one does not verify proves
// nobody from this call on.
void session::look_at_certificate() {
    if (from_.certificate_names.empty()) return;
    if (through_.tls && is_verified_by(through_.tls->native_handle(), stream_.tls())) return;
    from_.certificate_names = {"not verified any more"};
}

task<bool> session::next_head() {
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
    if (!refused_) look_for_body();
    if (!lacks_body_) request_is_there();
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
        if (seen == 0 && desk_->buffer.size() > 0 && !may_begin_request(desk_->buffer.data().front(), may_skip_line)) {
            refuse(refusal::malformed, desk_->buffer.data().front() == tls_handshake
                                           ? "this listener speaks plain HTTP, and a TLS hello came: use http://, or "
                                             "another listener"
                                           : "no method begins so (RFC 9112, 3)");
            bytes_in_ = desk_->buffer.size();
            co_return true;
        }
        if (const std::size_t length = message::head_length(desk_->buffer.data(), seen);
            length > 0 && length <= limit) {
            used_ = length;
            break;
        }
        seen = desk_->buffer.size();
        if (seen >= limit) {
            refuse_as_too_long(desk_->buffer.data().substr(0, limit));
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

// Takes a body that is there with its head.
void session::look_for_body() {
    using message::body_framing;
    const auto& how = desk_->head.how;
    if (how.body == body_framing::none) return;
    if (how.body == body_framing::length) {
        if (how.length > held_to_.limits.body_bytes) {
            refuse(refusal::body_too_large, "the body is larger than limits.body_bytes");
            return;
        }
        if (how.length <= desk_->buffer.size() - used_) {
            body_ = desk_->buffer.data().substr(used_, static_cast<std::size_t>(how.length));
            bytes_in_ = used_ += body_.size();
            return;
        }
    }
    lacks_body_ = true;
}

// All the room that the body needs, and the caller told to send it (RFC 9110, 10.1.1). False when it was refused.
task<bool> session::take_up_body(std::size_t length) {
    const std::size_t head_bytes = used_;
    const std::size_t whole = head_bytes + length;
    // What has no more than any connection may have is not counted.
    if (whole > kept_room && !share_.grow_to(whole, held_to_.limits.buffered_bytes)) {
        refuse(refusal::no_memory, no_memory);
        co_return false;
    }
    stream_.expires_after(held_to_.timeouts.request_body);
    desk_->buffer.make_room(whole - std::min(desk_->buffer.size(), whole));
    if (desk_->head.expects_continue && desk_->head.http_1_1 && desk_->buffer.size() == head_bytes) {
        const bool taken = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
        if (!taken) {
            refuse(refusal::late, "the caller did not take 100 Continue");
            co_return false;
        }
        bytes_out_ = 0;                                         // an interim answer is no part of the answer
        stream_.expires_after(held_to_.timeouts.request_body);  // which send() has taken away
    }
    co_return true;
}

// Decodes what came of a chunked body. False when it was refused.
bool session::decode(message::chunk_decoder& by) {
    const std::size_t limit = held_to_.limits.body_bytes;
    const std::size_t head_bytes = used_;
    std::size_t taken = 0;
    if (auto problem = by.feed(desk_->buffer.data().substr(head_bytes), taken, desk_->decoded, limit + 1)) {
        refuse(*problem);
        return false;
    }
    bytes_in_ += taken;
    if (desk_->decoded.size() > limit) {
        refuse(refusal::body_too_large, "the body is larger than limits.body_bytes");
        return false;
    }
    const std::size_t held = desk_->decoded.capacity();
    if (held > kept_room && !share_.grow_to(held, held_to_.limits.buffered_bytes)) {
        refuse(refusal::no_memory, no_memory);
        return false;
    }
    // All that came is decoded: only the head stays, so the buffer does not grow with the body.
    desk_->buffer.cut(head_bytes, taken);
    return true;
}

task<> session::read_body() {
    const std::size_t head_bytes = used_;
    const bool chunked = desk_->head.how.body == message::body_framing::chunked;
    const auto length = chunked ? 0 : static_cast<std::size_t>(desk_->head.how.length);
    message::chunk_decoder decoder;
    desk_->decoded.clear();
    lacks_body_ = false;
    bool going_on = co_await take_up_body(length);
    while (going_on) {
        if (chunked) {
            if (!decode(decoder) || decoder.done()) break;
        } else if (desk_->buffer.size() - head_bytes >= length) {
            bytes_in_ = used_ = head_bytes + length;
            break;
        }
        const auto got = co_await receive(chunked ? first_room : 1);
        if (got == arrival::bytes && !stream_.timed_out()) continue;
        going_on = false;
        if (got == arrival::end)
            refuse(refusal::malformed, "the connection ended before the body did");
        else
            refuse(refusal::late, "the body did not arrive in time");
    }
    // The views in the head ended when the buffer grew or moved.
    static_cast<void>(message::parse_request_head(desk_->buffer.data().substr(0, head_bytes), desk_->head));
    body_ = chunked ? std::string_view(desk_->decoded) : desk_->buffer.data().substr(head_bytes, refused_ ? 0 : length);
    request_is_there();
}

void session::leave_body() {
    keep_alive_ = false;
    request_is_there();
}

// `head` has no end within the limit.
void session::refuse_as_too_long(std::string_view head) {
    if (head.find("\r\n") != std::string_view::npos)
        refuse(refusal::header_too_long, "the header is longer than limits.header_bytes");
    else if (head.find(' ') != std::string_view::npos)
        refuse(refusal::line_too_long, "the request line is longer than limits.header_bytes");
    else
        refuse(refusal::method_too_long, "the method is longer than limits.header_bytes");
}

void session::refuse(refusal what, std::string_view why) {
    refused_ = refused{what, why};
    keep_alive_ = false;
}

void session::refuse(const message::problem& why) {
    switch (why.what) {
        case message::fault::malformed:
            return refuse(refusal::malformed, why.why);
        case message::fault::method_too_long:
            return refuse(refusal::method_too_long, why.why);
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
