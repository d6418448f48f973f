#include "gateway/upstream/client.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "connection.hpp"
#include "connection_pool.hpp"
#include "resolver.hpp"
#include "retry.hpp"

namespace gateway::upstream {

namespace {

using boost::system::error_code;
using std::chrono::milliseconds;

// Connections that are opened at once, to one endpoint. Further calls wait for the first that opens or comes free: a
// thousand handshakes at once only delay each other until none is done in time.
constexpr std::size_t max_opening = 64;

// Larger requests are written while the response is read.
constexpr std::size_t max_written_at_once = 16 * 1024;

failure unsent(step failed_step, error_code cause, bool timed_out) {
    return {.step = failed_step, .delivery = delivery::not_sent, .timed_out = timed_out, .cause = cause, .detail = {}};
}

failure write_failure(const net::stream& stream, const net::transfer& written) {
    const bool timed_out = stream.timed_out();
    return {.step = step::write,
            .delivery = delivery_of_failed_write(written.bytes, stream.tls() != nullptr, timed_out),
            .timed_out = timed_out,
            .cause = written.error,
            .detail = {}};
}

// "certificate verify failed" alone does not tell an expired certificate from another name's or another CA's.
std::string_view verification_error(SSL* ssl) {
    const long verdict = SSL_get_verify_result(ssl);
    return verdict == X509_V_OK ? std::string_view() : std::string_view(X509_verify_cert_error_string(verdict));
}

}  // namespace

client::client(net::loop& loop, std::vector<config::endpoint> endpoints, std::shared_ptr<asio::ssl::context> tls,
               const config::upstream& limits, const config::timeouts& timeouts, std::atomic<std::size_t>* total_open)
    : loop_(loop), resolver_(std::make_unique<resolver>(loop)), tls_(std::move(tls)), timeouts_(timeouts) {
    for (auto& endpoint : endpoints)
        pools_.push_back(
            std::make_unique<connection_pool>(std::move(endpoint), limits.connections_per_worker, total_open));
}

client::~client() = default;

void client::keep_responses_secret() noexcept {
    for (auto& pool : pools_)
        pool->secret = true;
}

const std::string& client::authority(std::size_t endpoint) const { return pools_[endpoint]->authority; }

task<result<lease>> client::acquire(std::size_t endpoint) {
    connection_pool& pool = *pools_[endpoint];
    // Before a connection is chosen: all events of this iteration are known then.
    if (!loop_.is_end_of_iteration()) co_await loop_.end_of_iteration();
    auto chosen = pool.take_idle();
    if (!chosen) {
        auto opened = co_await open_or_wait(pool);
        if (!opened) co_return opened.error();
        chosen = std::move(*opened);
    }
    lease acquired(std::move(chosen));
    co_return acquired;
}

task<result<response>> client::exchange(lease& acquired, const request& outgoing) {
    connection& target = *acquired.connection_;
    net::stream& stream = target.stream;
    acquired.used_ = true;
    if (!target.can_send()) co_return unsent(step::write, asio::error::connection_reset, false);
    stream.expires_after(timeouts_.upstream_response);
    result<bool> has_head = false;
    if (outgoing.head.size() + outgoing.body.size() > max_written_at_once) {
        has_head = co_await send_large(target, outgoing);
    } else {
        net::transfer written = stream.try_write_some(outgoing.head, outgoing.body);
        if (written.would_block()) written = co_await stream.async_write(outgoing.head, outgoing.body, written.bytes);
        has_head = written.error ? write_failure(stream, written) : target.try_read_head();
        while (has_head && !*has_head) {
            co_await stream.wait_readable();
            has_head = target.try_read_head();
        }
    }
    if (!has_head) co_return has_head.error();
    response received(std::move(acquired.connection_));
    co_return received;
}

task<result<response>> client::exchange(std::size_t endpoint, const request& outgoing) {
    auto acquired = co_await acquire(endpoint);
    if (!acquired) co_return acquired.error();
    auto received = co_await exchange(*acquired, outgoing);
    if (received) co_return received;
    const connection& broken = *acquired->connection_;
    const connection_facts facts{.reused = broken.reused, .response_started = broken.reader.started()};
    if (!may_send_again(received.error(), facts, outgoing.may_repeat)) co_return received;

    // After one kept connection that was dead, a new one: the others are likely dead, too, and once more is enough.
    const delivery first_attempt = received.error().delivery;
    auto opened = co_await open_or_wait(*pools_[endpoint]);
    if (opened) {
        lease fresh(std::move(*opened));
        received = co_await exchange(fresh, outgoing);
    } else {
        received = opened.error();
    }
    if (!received && first_attempt == delivery::unknown) {
        failure error = received.error();
        error.delivery = delivery::unknown;
        co_return error;
    }
    co_return received;
}

task<result<std::unique_ptr<connection>>> client::open_or_wait(connection_pool& pool) {
    // One time for the wait, the name, TCP and TLS together.
    const auto time_limit = std::chrono::steady_clock::now() + timeouts_.upstream_connect;
    if (pool.opening >= max_opening) {
        const auto self = std::make_shared<connection_waiter>(loop_);
        pool.waiters.push_back(self);
        co_await self->served.wait(timeouts_.upstream_connect);
        if (self->handed_over) co_return std::move(self->handed_over);
        if (!self->may_open) {
            std::erase(pool.waiters, self);
            co_return unsent(step::connect, {}, true);
        }
    } else {
        ++pool.opening;
    }
    auto opened = co_await connect(pool, time_limit);
    if (!pool.let_next_open()) --pool.opening;
    co_return opened;
}

task<result<std::unique_ptr<connection>>> client::connect(connection_pool& pool, time_point time_limit) {
    auto opened = std::make_unique<connection>(loop_, pool);
    net::stream& stream = opened->stream;
    const auto time_left = [time_limit] {
        return std::max(milliseconds(1),
                        std::chrono::ceil<milliseconds>(time_limit - std::chrono::steady_clock::now()));
    };
    const auto found = co_await resolver_->resolve(pool.endpoint, pool.latest_lookup, time_left());
    if (!found->done || found->error) co_return unsent(step::resolve, found->error, !found->done);

    // Each address has its share of the time, so that a dead one leaves some for those behind it.
    error_code error = asio::error::host_not_found;
    const auto count = static_cast<long>(found->addresses.size());
    for (long i = 0; i < count; ++i) {
        stream.expires_after(std::max(milliseconds(1), time_left() / (count - i)));
        error = co_await stream.connect(found->addresses[static_cast<std::size_t>(i)]);
        if (!error && !stream.timed_out()) break;
    }
    if (error || stream.timed_out()) co_return unsent(step::connect, error, stream.timed_out());
    const int enabled = 1;  // a request is written in one piece and waits for nothing
    ::setsockopt(stream.descriptor(), IPPROTO_TCP, TCP_NODELAY, &enabled, sizeof enabled);

    if (pool.endpoint.tls) {
        stream.expires_after(time_left());
        error = co_await stream.start_tls_client(*tls_, pool.endpoint.host, pool.session.get());
        if (error || stream.timed_out()) {
            auto failed = unsent(step::handshake, error, stream.timed_out());
            failed.detail = verification_error(stream.tls());
            co_return failed;
        }
    }
    stream.expires_never();
    co_return opened;
}

// RFC 9112, 9.5: an endpoint may answer before it has the whole request, and read no more of it. So the response is
// read while the request is written; one that comes too early ends the writing, and the connection with it.
task<result<bool>> client::send_large(connection& target, const request& outgoing) {
    struct writer {
        explicit writer(net::loop& loop) : ended(loop) {}
        net::async_event ended;
        bool done = false, started = false, cancelled = false;
        net::transfer written;
    };
    writer writing(loop_);
    const auto write = [&]() -> task<> {
        if (writing.cancelled) co_return;
        writing.started = true;
        writing.written = co_await target.stream.async_write(outgoing.head, outgoing.body);
    };
    loop_.spawn(write(), [&, this](const std::exception_ptr& exception) {
        if (exception) writing.written = {asio::error::no_memory, 0};
        writing.done = true;
        writing.ended.notify_all();
        // The time for the response begins with the last byte sent.
        if (!target.stream.timed_out()) target.stream.expires_after(timeouts_.upstream_response);
    });
    auto has_head = target.try_read_head();
    while (has_head && !*has_head) {
        co_await target.stream.wait_readable();
        has_head = target.try_read_head();
    }
    target.request_sent = writing.done && !writing.written.error;
    if (!writing.done) {
        writing.cancelled = true;  // in case it has not started
        if (!has_head) target.stream.close();
        target.stream.cancel();
    }
    while (!writing.done)  // it uses this frame
        co_await writing.ended.wait(timeouts_.upstream_response);
    if (!has_head && !writing.started) co_return unsent(step::read, has_head.error().cause, has_head.error().timed_out);
    if (!has_head && writing.written.error && !has_head.error().timed_out)
        co_return write_failure(target.stream, writing.written);
    co_return has_head;
}

lease::lease(std::unique_ptr<connection> source) : connection_(std::move(source)) {}
lease::lease(lease&&) noexcept = default;
lease& lease::operator=(lease&&) noexcept = default;

lease::~lease() {
    if (!connection_ || used_ || !connection_->can_send()) return;  // closed by its destructor
    connection_pool& pool = connection_->pool;
    pool.put(std::move(connection_));
}

response::response(std::unique_ptr<connection> source) : connection_(std::move(source)) {}
response::response(response&&) noexcept = default;
response& response::operator=(response&&) noexcept = default;

response::~response() {
    if (!connection_) return;
    connection_->stream.expires_never();
    if (!connection_->finish_response()) return;  // closed by its destructor
    connection_pool& pool = connection_->pool;
    // TLS 1.3 hands out tickets after the handshake: by the first response the session can be resumed.
    if (SSL* const ssl = connection_->stream.tls(); ssl != nullptr && !connection_->reused) {
        if (SSL_SESSION* const session = SSL_get1_session(ssl); session != nullptr) pool.session.reset(session);
    }
    connection_->reused = true;
    pool.put(std::move(connection_));
}

const message::response_head& response::head() const noexcept { return connection_->reader.head(); }
task<result<void>> response::read_body(std::size_t wanted) { return connection_->read_body(wanted); }
std::string_view response::body() const noexcept { return connection_->reader.body(); }
void response::consume_body() noexcept { connection_->reader.consume_body(); }
bool response::whole() const noexcept { return connection_->reader.whole(); }

}  // namespace gateway::upstream
