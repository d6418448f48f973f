#include "gateway/http/session.hpp"

#include <array>

#include "gateway/http/request_time.hpp"

namespace gateway::http {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t max_read_in_a_row = 64 * 1024;  // bytes, before other connections are served
constexpr std::size_t max_pooled_readers = 64;        // of a worker
constexpr std::size_t max_drained_bytes = 256 * 1024;
constexpr auto drain_input_time = std::chrono::seconds(2);

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
    if (reader_ == nullptr) return;
    reader_->clear();
    release_reader();
}

void session::acquire_reader() {
    if (reader_ != nullptr) return;
    if (service_.pool.empty()) {
        reader_ = std::make_unique<message::request_reader>();
    } else {
        reader_ = std::move(service_.pool.back());
        service_.pool.pop_back();
    }
}

void session::release_reader() noexcept {
    if (service_.pool.size() < max_pooled_readers) service_.pool.push_back(std::move(reader_));
    reader_.reset();
}

session::read_state session::begin_request() {
    if (reader_ != nullptr) {
        reader_->next();
        share_.release();
    }
    lacks_body_ = false;
    rejection_.reset();
    bytes_out_ = 0;
    idle_ = reader_ == nullptr || reader_->empty();
    stream_.expires_after(
        request_time(service_.timeouts, {.idle = idle_, .first = served_ == 0, .draining = service_.draining}));
    // Over TLS the next request may have been read already, with the end of the one before.
    const bool may_read_now = stream_.tls() != nullptr && SSL_has_pending(stream_.tls()) == 1;
    if (idle_ && !over_capacity_ && !may_read_now) {
        if (reader_ != nullptr) release_reader();
        return read_state::waiting;
    }
    began_ = steady_clock::now();
    return try_read_head();
}

// The worker drains: an idle connection stays a moment for a request that its caller may have sent already.
void session::shorten_idle_timeout() {
    if (idle_) stream_.expires_after(late_request_time);
}

session::read_state session::try_read_head() {
    acquire_reader();
    if (over_capacity_) {
        reject(session_fault::over_capacity, "the gateway serves as many connections as it may");
        return read_state::answer_due;
    }
    const bool was_idle = idle_;
    for (;;) {
        const auto head = reader_->read_head(limits());
        if (head == message::read_result::rejected) reject(reader_->problem().kind, reader_->problem().reason);
        if (head == message::read_result::message) keep_alive_ = keep_alive_ && reader_->head().framing.keep_alive;
        if (head != message::read_result::need_more) break;
        switch (try_receive()) {
            case arrival::bytes:
                if (idle_) began_ = steady_clock::now();
                idle_ = false;
                continue;
            case arrival::nothing_yet:
                if (idle_)
                    release_reader();
                else if (was_idle && (served_ > 0 || service_.draining))
                    stream_.expires_after(service_.timeouts.request_header);  // which runs from the first byte on
                return read_state::waiting;
            case arrival::end:
                return read_state::ended;  // in the middle of a header, too: nobody is there to answer
            case arrival::timed_out:
                if (idle_ || reader_->empty()) return read_state::ended;
                reject(session_fault::timed_out, "the header did not arrive in time");
                break;
        }
        break;
    }
    lacks_body_ = !reader_->whole();
    if (!lacks_body_) on_request_read();
    return read_state::answer_due;
}

// Reads what is there.
session::arrival session::try_receive() {
    if (read_in_a_row_ >= max_read_in_a_row) return arrival::nothing_yet;
    const auto space = reader_->prepare();
    const net::transfer got = stream_.try_read_some(asio::buffer(space.data(), space.size()));
    reader_->commit(got.bytes);
    // Time may run out between two reads, and a deadline that has passed ends no wait that begins after it.
    if (stream_.timed_out()) return arrival::timed_out;
    read_in_a_row_ = got.would_block() ? 0 : read_in_a_row_ + got.bytes;
    if (got.would_block()) return arrival::nothing_yet;
    return got.bytes > 0 ? arrival::bytes : arrival::end;
}

task<> session::wait() {
    if (read_in_a_row_ < max_read_in_a_row) return stream_.wait_readable();
    // A caller that sends requests ahead of their answers does not keep others from being served.
    read_in_a_row_ = 0;
    return stream_.yield();
}

task<> session::read_body() {
    lacks_body_ = false;
    stream_.expires_after(service_.timeouts.request_body);
    if (reserve_body_memory() && reader_->awaits_continue()) co_await send_continue();
    while (!rejection_ && !try_read_body())
        co_await wait();
    on_request_read();
}

// False when it was rejected. Memory that any connection may have is not counted.
bool session::reserve_body_memory() {
    const std::size_t bytes = reader_->memory();
    if (bytes <= message::request_reader::max_kept_bytes || share_.grow_to(bytes, service_.limits.buffered_bytes))
        return true;
    reject(session_fault::no_memory, "the bodies that wait just now have all of limits.buffered_bytes");
    return false;
}

// Asks the caller to send the body (RFC 9110, 10.1.1).
task<> session::send_continue() {
    const bool taken = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!taken) reject(session_fault::timed_out, "the caller did not take 100 Continue");
    bytes_out_ = 0;                                         // an interim answer is no part of the answer
    stream_.expires_after(service_.timeouts.request_body);  // which send() has taken away
}

// Reads as much of the body as is there. True when that is all, or it was rejected.
bool session::try_read_body() {
    for (;;) {
        const auto body = reader_->read_body(limits());
        if (body == message::read_result::rejected) reject(reader_->problem().kind, reader_->problem().reason);
        if (rejection_ || !reserve_body_memory() || body == message::read_result::message) return true;
        switch (try_receive()) {
            case arrival::bytes:
                break;
            case arrival::nothing_yet:
                return false;
            case arrival::end:
                reject(message::fault::malformed, "the connection ended before the body did");
                return true;
            case arrival::timed_out:
                reject(session_fault::timed_out, "the body did not arrive in time");
                return true;
        }
    }
}

void session::leave_body() {
    keep_alive_ = false;
    on_request_read();
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

void session::reject(std::variant<message::fault, session_fault> fault, std::string_view reason) {
    rejection_ = rejection{fault, reason};
    keep_alive_ = false;
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
