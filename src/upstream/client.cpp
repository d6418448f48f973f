#include "gateway/upstream/client.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "connection.hpp"
#include "names.hpp"
#include "retry.hpp"

namespace gateway::upstream {

namespace {

// Shorter than the 60 s after which the cloud's front ends close an idle connection, so that few are found dead.
constexpr auto longest_idle = std::chrono::seconds(50);

// Connections that are opened at once, to one endpoint. Further calls wait for the first that opens or comes free: a
// thousand handshakes at once only delay each other until none is done in time.
constexpr std::size_t most_being_opened = 64;

// Larger requests are written while the answer is read.
constexpr std::size_t most_in_one_go = 16 * 1024;

failure before_sending(step at, boost::system::error_code cause, bool timed_out) {
    return failure{.at = at, .cloud = delivery::not_sent, .timed_out = timed_out, .cause = cause, .why = {}};
}

failure failed_to_write(const connection& over, boost::system::error_code cause, std::size_t bytes) {
    const bool timed_out = over.stream.timed_out();
    return {.at = step::write,
            .cloud = delivery_of_failed_write(bytes, over.stream.tls() != nullptr, timed_out),
            .timed_out = timed_out,
            .cause = cause,
            .why = {}};
}

// "certificate verify failed" alone does not tell an expired certificate from another name's or another CA's.
std::string_view why_not_verified(SSL* of) {
    const long verdict = SSL_get_verify_result(of);
    return verdict == X509_V_OK ? std::string_view() : std::string_view(X509_verify_cert_error_string(verdict));
}

}  // namespace

client::client(net::loop& in, std::vector<config::endpoint> endpoints, std::shared_ptr<asio::ssl::context> tls,
               const config::upstream& limits, const config::timeouts& timeouts, std::atomic<std::size_t>* connections)
    : loop_(in),
      names_(std::make_unique<names>(in)),
      tls_(std::move(tls)),
      most_idle_(limits.connections_per_worker),
      timeouts_(timeouts) {
    for (auto& endpoint : endpoints) {
        auto authority = endpoint.authority();
        pools_.push_back(std::make_unique<pool>());
        pools_.back()->to = std::move(endpoint);
        pools_.back()->authority = std::move(authority);
        pools_.back()->most_idle = most_idle_;
        pools_.back()->everywhere = connections;
    }
}

client::~client() = default;

void client::keep_answers_secret() noexcept {
    for (auto& each : pools_)
        each->secret = true;
}

const std::string& client::authority(std::size_t index) const { return pools_[index]->authority; }

std::size_t client::open() const noexcept {
    std::size_t sum = 0;
    for (const auto& each : pools_)
        sum += each->open;
    return sum;
}

task<result<answer>> client::exchange(std::size_t endpoint, const outgoing& what) {
    pool& to = *pools_[endpoint];
    delivery cloud = delivery::not_sent;  // by what was sent over a connection that died
    const auto failed = [&cloud](failure why) {
        if (cloud == delivery::unknown) why.cloud = cloud;
        return why;
    };
    for (bool again = false;;) {
        // Before a connection is chosen: what the loop tells of it in this iteration is known then.
        if (!loop_.is_end_of_iteration()) co_await loop_.end_of_iteration();
        // After one kept connection that was dead, a new one: the others are likely dead, too, and once more is enough.
        auto over = again ? nullptr : take_idle(to);
        if (!over) {
            auto ready = co_await open_or_wait(to);
            if (!ready) co_return failed(ready.error());
            over = std::move(*ready);
        }
        over->stream.expires_after(timeouts_.upstream_response);
        result<bool> done = false;  // whether the head of the answer is there
        if (what.head.size() + what.body.size() > most_in_one_go) {
            done = co_await send_large(*over, what);
        } else {
            net::transfer sent = over->stream.write_now(what.head, what.body);
            if (sent.would_block()) sent = co_await over->stream.write(what.head, what.body, sent.bytes);
            done = sent.error ? failed_to_write(*over, sent.error, sent.bytes) : over->head_now();
            while (done && !*done) {
                co_await over->stream.readable();
                done = over->head_now();
            }
        }
        if (done) {
            answer got(std::move(over));
            co_return got;
        }
        const connection_facts broken{.reused = over->used_before, .response_started = over->reader.started()};
        const request_facts request{.may_repeat = what.may_repeat, .repeated = again};
        if (!may_send_again(done.error(), broken, request)) co_return failed(done.error());
        again = true;
        cloud = done.error().cloud;
    }
}

std::unique_ptr<connection> client::take_idle(pool& from) {
    while (!from.idle.empty()) {
        auto last = std::move(from.idle.back());
        from.idle.pop_back();
        last->grown_old.clear();
        if (last->stream.is_quiet()) return last;
    }
    return nullptr;
}

task<result<std::unique_ptr<connection>>> client::open_or_wait(pool& to) {
    // One time for the wait, the name, TCP and TLS together.
    const auto until = std::chrono::steady_clock::now() + timeouts_.upstream_connect;
    if (to.being_opened >= most_being_opened) {
        const auto me = std::make_shared<waiting_call>(loop_);
        to.line.push_back(me);
        co_await me->called.wait(timeouts_.upstream_connect);
        if (me->handed_over) co_return std::move(me->handed_over);
        if (!me->may_open) {
            std::erase(to.line, me);
            co_return before_sending(step::connect, {}, true);
        }
    } else {
        ++to.being_opened;
    }
    auto opened = co_await connect(to, until);
    if (!to.let_the_next_open()) --to.being_opened;
    co_return opened;
}

bool pool::hand_over(std::unique_ptr<connection>& free) {
    if (line.empty()) return false;
    const auto next = std::move(line.front());
    line.pop_front();
    next->handed_over = std::move(free);
    next->called.notify_all();
    return true;
}

bool pool::let_the_next_open() {
    if (line.empty()) return false;
    const auto next = std::move(line.front());
    line.pop_front();
    next->may_open = true;
    next->called.notify_all();
    return true;
}

task<result<std::unique_ptr<connection>>> client::connect(pool& to, std::chrono::steady_clock::time_point until) {
    auto fresh = std::make_unique<connection>(loop_, to);
    net::stream& stream = fresh->stream;
    const auto left = [until] {
        return std::max(std::chrono::milliseconds(1),
                        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
    };
    const auto names = co_await names_->find(to.to, to.looking_up, left());
    if (!names->done || names->why) co_return before_sending(step::resolve, names->why, !names->done);

    // Each address has its share of the time, so that a dead one leaves some for those behind it.
    boost::system::error_code ec = asio::error::host_not_found;
    const auto count = static_cast<long>(names->found.size());
    for (long i = 0; i < count; ++i) {
        stream.expires_after(std::max(std::chrono::milliseconds(1), left() / (count - i)));
        ec = co_await stream.connect(names->found[static_cast<std::size_t>(i)]);
        if (!ec && !stream.timed_out()) break;
    }
    if (ec || stream.timed_out()) co_return before_sending(step::connect, ec, stream.timed_out());
    const int on = 1;  // a request is written in one piece and waits for nothing
    ::setsockopt(stream.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

    if (to.to.tls) {
        stream.expires_after(left());
        ec = co_await stream.start_tls_client(*tls_, to.to.host, to.session.get());
        if (ec || stream.timed_out()) {
            auto failed = before_sending(step::handshake, ec, stream.timed_out());
            failed.why = why_not_verified(stream.tls());
            co_return failed;
        }
    }
    stream.expires_never();
    co_return fresh;
}

// RFC 9112, 9.5: an endpoint may answer before it has the whole request, and read no more of it. So the answer is read
// while the request is written; one that comes too early ends the writing, and the connection with it.
task<result<bool>> client::send_large(connection& over, const outgoing& what) {
    struct writing {
        explicit writing(net::loop& in) : ended(in) {}
        net::async_event ended;
        bool done = false, begun = false, unwanted = false;
        net::transfer result;
    };
    writing all(loop_);
    const auto write = [&]() -> task<> {
        if (all.unwanted) co_return;
        all.begun = true;
        all.result = co_await over.stream.write(what.head, what.body);
    };
    loop_.spawn(write(), [&, this](const std::exception_ptr& unforeseen) {
        if (unforeseen) all.result = {asio::error::no_memory, 0};
        all.done = true;
        all.ended.notify_all();
        // The time for the answer begins with the last byte sent.
        if (!over.stream.timed_out()) over.stream.expires_after(timeouts_.upstream_response);
    });
    auto got = over.head_now();
    while (got && !*got) {
        co_await over.stream.readable();
        got = over.head_now();
    }
    over.sent_whole = all.done && !all.result.error;
    if (!all.done) {
        all.unwanted = true;  // should it not have begun
        if (!got) over.stream.close();
        over.stream.cancel();
    }
    while (!all.done)  // it uses what is here
        co_await all.ended.wait(timeouts_.upstream_response);
    if (!got && !all.begun) co_return before_sending(step::read, got.error().cause, got.error().timed_out);
    if (!got && all.result.error && !got.error().timed_out)
        co_return failed_to_write(over, all.result.error, all.result.bytes);
    co_return got;
}

answer::answer(std::unique_ptr<connection> from) : from_(std::move(from)) {}
answer::answer(answer&&) noexcept = default;
answer& answer::operator=(answer&&) noexcept = default;

answer::~answer() {
    if (!from_) return;
    from_->stream.expires_never();
    if (!from_->finish()) return;  // closed by its destructor
    pool& home = from_->in;
    // TLS 1.3 hands out tickets after the handshake: by the first answer the session can be resumed.
    if (SSL* const ssl = from_->stream.tls(); ssl != nullptr && !from_->used_before) {
        if (SSL_SESSION* const session = SSL_get1_session(ssl); session != nullptr) home.session.reset(session);
    }
    from_->used_before = true;
    if (home.hand_over(from_)) return;
    while (!home.idle.empty() && !home.idle.front()->stream.is_open())
        home.idle.pop_front();
    if (home.idle.size() >= home.most_idle) return;
    from_->grown_old.set(longest_idle);
    home.idle.push_back(std::move(from_));
}

const message::response_head& answer::head() const noexcept { return from_->reader.head(); }
std::uint64_t answer::head_bytes() const noexcept { return from_->reader.head_bytes(); }
task<result<void>> answer::fill(std::size_t up_to) { return from_->fill(up_to); }
std::string_view answer::body() const noexcept { return from_->reader.body(); }
void answer::consume() noexcept { from_->reader.consume_body(); }
bool answer::whole() const noexcept { return from_->reader.whole(); }

}  // namespace gateway::upstream
