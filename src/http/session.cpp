#include "gateway/http/session.hpp"

#include <algorithm>
#include <array>

#include "gateway/base/token.hpp"

namespace gateway::http {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t read_size = 4096;            // a resize call with an SDK's headers is about 1 KiB
constexpr std::size_t max_kept_bytes = 16 * 1024;  // between two calls
constexpr std::size_t max_in_a_row = 64 * 1024;    // bytes read without a wait
constexpr std::size_t max_pooled_buffers = 64;     // of a worker
// Long beside the way through a network, short beside a drain.
constexpr auto late_request_time = std::chrono::milliseconds(500);
constexpr std::size_t max_drained_bytes = 256 * 1024;
constexpr auto drain_input_time = std::chrono::seconds(2);
constexpr std::string_view no_memory = "the bodies that wait just now have all of limits.buffered_bytes";

constexpr char tls_handshake = 0x16;  // RFC 8446, 5.1: the first byte of a hello

// Anything else is answered at once: its sender (of a TLS hello, say) may wait for an answer before it sends more.
bool may_begin_request(char first, bool empty_line_before) noexcept {
    return is_token_char(first) || (empty_line_before && first == '\r');
}

}  // namespace

session::session(net::stream& stream, service& shared, const listener_info& info, peer remote, bool over_capacity)
    : stream_(stream),
      service_(shared),
      info_(info),
      generation_(info.generation),
      remote_(std::move(remote)),
      over_capacity_(over_capacity),
      share_(shared.used.buffered_bytes) {}

session::~session() {
    if (buffers_ != nullptr) release_buffers();
}

void session::acquire_buffers() {
    if (buffers_ != nullptr) return;
    if (service_.pool.empty()) {
        buffers_ = std::make_unique<request_buffers>();
    } else {
        buffers_ = std::move(service_.pool.back());
        service_.pool.pop_back();
    }
}

void session::release_buffers() noexcept {
    buffers_->buffer.consume(buffers_->buffer.size());
    shrink_buffers();
    if (service_.pool.size() < max_pooled_buffers) service_.pool.push_back(std::move(buffers_));
    buffers_.reset();
}

// Gives back the memory of large bodies.
void session::shrink_buffers() {
    buffers_->buffer.shrink(max_kept_bytes);
    if (buffers_->decoded.capacity() > max_kept_bytes) buffers_->decoded = {};
    share_.release();
}

// The time for the next request runs from here.
void session::begin_wait() {
    if (buffers_ != nullptr) {
        buffers_->buffer.consume(used_);
        shrink_buffers();
    }
    used_ = 0;
    body_ = {};
    lacks_body_ = false;
    rejection_.reset();
    bytes_in_ = bytes_out_ = 0;
    idle_ = buffers_ == nullptr || buffers_->buffer.size() == 0;
    if (!idle_ || over_capacity_) began_ = steady_clock::now();
    stream_.expires_after(idle_ && service_.draining ? late_request_time
                          : idle_ && served_ > 0     ? service_.timeouts.idle
                                                     : service_.timeouts.request_header);
}

// The worker drains: an idle connection stays a moment for a request that its caller may have sent already.
void session::shorten_idle_timeout() {
    if (idle_) stream_.expires_after(late_request_time);
}

bool session::can_release_buffers() {
    begin_wait();
    // Over TLS the next request may have been read already, with the end of the one before.
    if (over_capacity_ || !idle_ || (stream_.tls() != nullptr && SSL_has_pending(stream_.tls()) == 1)) return false;
    if (buffers_ != nullptr) release_buffers();
    return true;
}

bool session::on_readable() {
    if (stream_.timed_out()) return false;
    acquire_buffers();
    buffers_->buffer.reserve(read_size);
    const net::transfer got =
        stream_.try_read_some(asio::buffer(buffers_->buffer.free_space(), buffers_->buffer.free_size()));
    buffers_->buffer.commit(got.bytes);
    if (got.bytes > 0) on_request_begin();
    return got.bytes > 0 || got.would_block();
}

bool session::try_parse() {
    if (over_capacity_ || idle_) return false;
    const auto bytes = buffers_->buffer.data();
    const std::size_t head_bytes = message::head_length(bytes);
    if (head_bytes == 0 || head_bytes > service_.limits.header_bytes) return false;
    // next_head() finds the same problem again, and reports it.
    if (message::parse_request_head(bytes.substr(0, head_bytes), buffers_->head)) return false;
    const auto& framing = buffers_->head.framing;
    if (framing.body == message::body_framing::chunked || framing.length > service_.limits.body_bytes ||
        framing.length > bytes.size() - head_bytes)
        return false;
    body_ = bytes.substr(head_bytes, static_cast<std::size_t>(framing.length));
    bytes_in_ = used_ = head_bytes + body_.size();
    keep_alive_ = keep_alive_ && framing.keep_alive;
    on_request_read();
    return true;
}

void session::on_request_read() {
    stream_.expires_never();
    if (info_.generation != generation_) verify_certificate();
    ++served_;
    if (served_ >= service_.limits.requests_per_connection) keep_alive_ = false;
}

// The listener's client CA may have changed since this caller was verified: a certificate that the new one does not
// verify proves nobody from this call on.
void session::verify_certificate() {
    if (remote_.certificate_names.empty()) return;
    if (info_.tls && is_verified_by(info_.tls->native_handle(), stream_.tls())) return;
    remote_.certificate_names = {"not verified any more"};
}

task<bool> session::next_head() {
    acquire_buffers();
    buffers_->head.fields.clear();
    buffers_->head.method = buffers_->head.target = buffers_->head.path = buffers_->head.query = {};
    // From the first byte on the time for a header runs.
    if (!idle_ && (served_ > 0 || service_.draining)) stream_.expires_after(service_.timeouts.request_header);
    if (over_capacity_) {
        reject(rejection_kind::over_capacity, "the gateway serves as many connections as it may");
        co_return true;
    }
    const bool some = co_await read_head();
    if (!some) co_return false;
    if (!rejection_) find_body();
    if (!lacks_body_) on_request_read();
    co_return true;
}

// The first byte is there.
void session::on_request_begin() {
    idle_ = false;
    began_ = steady_clock::now();
}

// Reads what is there, at least a byte, within the time that was set.
task<session::arrival> session::receive(std::size_t size) {
    // A caller that sends requests ahead of their answers does not keep others from being served.
    if (in_a_row_ >= max_in_a_row) {
        in_a_row_ = 0;
        co_await stream_.yield();
    }
    buffers_->buffer.reserve(size);
    net::transfer got;
    while ((got = stream_.try_read_some(asio::buffer(buffers_->buffer.free_space(), buffers_->buffer.free_size())))
               .would_block()) {
        in_a_row_ = 0;
        co_await stream_.wait_readable();
    }
    buffers_->buffer.commit(got.bytes);
    in_a_row_ += got.bytes;
    if (got.bytes > 0) co_return arrival::bytes;
    co_return stream_.timed_out() ? arrival::timed_out : arrival::end;
}

// False when the connection ended before a request began.
task<bool> session::read_head() {
    const std::size_t limit = service_.limits.header_bytes;
    std::size_t seen = 0;
    bool may_skip_line = true;
    for (;;) {
        // RFC 9112, 2.2: one empty line before a request is passed over, as some old clients end a body with it.
        if (may_skip_line && buffers_->buffer.data().starts_with("\r\n")) {
            buffers_->buffer.consume(2);
            may_skip_line = false;
            seen = 0;
        }
        if (seen == 0 && buffers_->buffer.size() > 0 &&
            !may_begin_request(buffers_->buffer.data().front(), may_skip_line)) {
            reject(rejection_kind::malformed,
                   buffers_->buffer.data().front() == tls_handshake
                       ? "this listener speaks plain HTTP, and a TLS hello came: use http://, or "
                         "another listener"
                       : "no method begins so (RFC 9112, 3)");
            bytes_in_ = buffers_->buffer.size();
            co_return true;
        }
        if (const std::size_t length = message::head_length(buffers_->buffer.data(), seen);
            length > 0 && length <= limit) {
            used_ = length;
            break;
        }
        seen = buffers_->buffer.size();
        if (seen >= limit) {
            reject_too_long(buffers_->buffer.data().substr(0, limit));
            co_return true;
        }
        const auto got = co_await receive(std::min(read_size, limit - seen + read_size));
        if (got != arrival::bytes || stream_.timed_out()) {
            if (buffers_->buffer.size() == 0) co_return false;
            if (got == arrival::end) co_return false;  // gone in the middle of a header: nobody is there to answer
            reject(rejection_kind::timed_out, "the header did not arrive in time");
            co_return true;
        }
        if (idle_) {
            on_request_begin();
            if (served_ > 0 || service_.draining) stream_.expires_after(service_.timeouts.request_header);
        }
    }
    bytes_in_ = used_;
    if (auto problem = message::parse_request_head(buffers_->buffer.data().substr(0, used_), buffers_->head)) {
        reject(*problem);
        co_return true;
    }
    keep_alive_ = keep_alive_ && buffers_->head.framing.keep_alive;
    co_return true;
}

// Takes a body that is there with its head.
void session::find_body() {
    using message::body_framing;
    const auto& framing = buffers_->head.framing;
    if (framing.body == body_framing::none) return;
    if (framing.body == body_framing::length) {
        if (framing.length > service_.limits.body_bytes) {
            reject(rejection_kind::body_too_large, "the body is larger than limits.body_bytes");
            return;
        }
        if (framing.length <= buffers_->buffer.size() - used_) {
            body_ = buffers_->buffer.data().substr(used_, static_cast<std::size_t>(framing.length));
            bytes_in_ = used_ += body_.size();
            return;
        }
    }
    lacks_body_ = true;
}

// Reserves memory for the body, and asks the caller to send it (RFC 9110, 10.1.1). False when it was rejected.
task<bool> session::prepare_body(std::size_t length) {
    const std::size_t head_bytes = used_;
    const std::size_t whole = head_bytes + length;
    // Memory that any connection may have is not counted.
    if (whole > max_kept_bytes && !share_.grow_to(whole, service_.limits.buffered_bytes)) {
        reject(rejection_kind::no_memory, no_memory);
        co_return false;
    }
    stream_.expires_after(service_.timeouts.request_body);
    buffers_->buffer.reserve(whole - std::min(buffers_->buffer.size(), whole));
    if (buffers_->head.expects_continue && buffers_->head.http_1_1 && buffers_->buffer.size() == head_bytes) {
        const bool taken = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
        if (!taken) {
            reject(rejection_kind::timed_out, "the caller did not take 100 Continue");
            co_return false;
        }
        bytes_out_ = 0;                                         // an interim answer is no part of the answer
        stream_.expires_after(service_.timeouts.request_body);  // which send() has taken away
    }
    co_return true;
}

// Decodes what came of a chunked body. False when it was rejected.
bool session::decode(message::chunk_decoder& decoder) {
    const std::size_t limit = service_.limits.body_bytes;
    const std::size_t head_bytes = used_;
    std::size_t taken = 0;
    if (auto problem = decoder.feed(buffers_->buffer.data().substr(head_bytes), taken, buffers_->decoded, limit + 1)) {
        reject(*problem);
        return false;
    }
    bytes_in_ += taken;
    if (buffers_->decoded.size() > limit) {
        reject(rejection_kind::body_too_large, "the body is larger than limits.body_bytes");
        return false;
    }
    const std::size_t held = buffers_->decoded.capacity();
    if (held > max_kept_bytes && !share_.grow_to(held, service_.limits.buffered_bytes)) {
        reject(rejection_kind::no_memory, no_memory);
        return false;
    }
    // All that came is decoded: only the head stays, so the buffer does not grow with the body.
    buffers_->buffer.cut(head_bytes, taken);
    return true;
}

task<> session::read_body() {
    const std::size_t head_bytes = used_;
    const bool chunked = buffers_->head.framing.body == message::body_framing::chunked;
    const auto length = chunked ? 0 : static_cast<std::size_t>(buffers_->head.framing.length);
    message::chunk_decoder decoder;
    buffers_->decoded.clear();
    lacks_body_ = false;
    bool reading = co_await prepare_body(length);
    while (reading) {
        if (chunked) {
            if (!decode(decoder) || decoder.done()) break;
        } else if (buffers_->buffer.size() - head_bytes >= length) {
            bytes_in_ = used_ = head_bytes + length;
            break;
        }
        const auto got = co_await receive(chunked ? read_size : 1);
        if (got == arrival::bytes && !stream_.timed_out()) continue;
        reading = false;
        if (got == arrival::end)
            reject(rejection_kind::malformed, "the connection ended before the body did");
        else
            reject(rejection_kind::timed_out, "the body did not arrive in time");
    }
    // The views in the head ended when the buffer grew or moved.
    static_cast<void>(message::parse_request_head(buffers_->buffer.data().substr(0, head_bytes), buffers_->head));
    body_ = chunked ? std::string_view(buffers_->decoded)
                    : buffers_->buffer.data().substr(head_bytes, rejection_ ? 0 : length);
    on_request_read();
}

void session::leave_body() {
    keep_alive_ = false;
    on_request_read();
}

// `head` has no end within the limit.
void session::reject_too_long(std::string_view head) {
    if (head.find("\r\n") != std::string_view::npos)
        reject(rejection_kind::header_too_long, "the header is longer than limits.header_bytes");
    else if (head.find(' ') != std::string_view::npos)
        reject(rejection_kind::line_too_long, "the request line is longer than limits.header_bytes");
    else
        reject(rejection_kind::method_too_long, "the method is longer than limits.header_bytes");
}

void session::reject(rejection_kind kind, std::string_view reason) {
    rejection_ = rejection{kind, reason};
    keep_alive_ = false;
}

void session::reject(const message::problem& problem) {
    switch (problem.kind) {
        case message::fault::malformed:
            return reject(rejection_kind::malformed, problem.reason);
        case message::fault::method_too_long:
            return reject(rejection_kind::method_too_long, problem.reason);
        case message::fault::line_too_long:
            return reject(rejection_kind::line_too_long, problem.reason);
        case message::fault::header_too_long:
            return reject(rejection_kind::header_too_long, problem.reason);
        case message::fault::unknown_transfer_coding:
            return reject(rejection_kind::unknown_coding, problem.reason);
        case message::fault::unknown_expectation:
            return reject(rejection_kind::unknown_expectation, problem.reason);
        case message::fault::body_too_large:
            return reject(rejection_kind::body_too_large, problem.reason);
    }
}

task<bool> session::send(std::string_view first, std::string_view second) {
    if (!stream_.is_end_of_iteration()) co_await stream_.end_of_iteration();
    net::transfer sent = stream_.try_write_some(first, second);
    if (sent.would_block()) {
        // A caller that does not take its answer has the time that it has for a body.
        stream_.expires_after(service_.timeouts.request_body);
        sent = co_await stream_.async_write(first, second, sent.bytes);
        stream_.expires_never();
    }
    bytes_out_ += sent.bytes;
    if (sent.error) keep_alive_ = false;
    co_return !sent.error;
}

task<> session::drain_input() {
    stream_.shutdown_send();
    stream_.expires_after(drain_input_time);
    std::array<char, 4096> unread;
    for (std::size_t total = 0; total < max_drained_bytes && !stream_.timed_out();) {
        const net::transfer got = co_await stream_.async_read_some(asio::buffer(unread));
        if (got.error) break;
        total += got.bytes;
    }
    stream_.expires_never();
}

}  // namespace gateway::http
