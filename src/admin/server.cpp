#include "gateway/admin/server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/intrusive/list.hpp>
#include <exception>
#include <utility>

#include "gateway/base/token.hpp"
#include "gateway/net/log_exception.hpp"

namespace gateway::admin {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_header_bytes = 8 * 1024;
constexpr std::size_t most_connections = 64;
constexpr std::size_t most_probes = 8;  // further ones, which /healthz and /readyz alone are answered over
constexpr auto stalled = 1s;            // whoever has not taken its answer by then makes room for others
constexpr auto longest = 10s;           // for a request to come, idle time before it included, and for an answer to go
constexpr int backlog = 128;

using acceptor = asio::basic_socket_acceptor<tcp, executor>;
using socket = asio::basic_stream_socket<tcp, executor>;
using stream = beast::basic_stream<tcp, executor, beast::unlimited_rate_policy>;
using request_parser = http::request_parser<http::empty_body>;

}  // namespace

struct server::shared {
    shared(asio::io_context& loop, status pages) : accepts(loop.get_executor()), from(std::move(pages)) {}

    acceptor accepts;
    status from;
    bool stopped = false;
    std::size_t open = 0;

    // A connection while its coroutine lives.
    struct connection : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        connection(socket with, shared& server, bool for_probes)
            : to(std::move(with)), in(server), probes_only(for_probes) {
            ++in.open;
            in.live.push_back(*this);
        }
        ~connection() { --in.open; }
        connection(const connection&) = delete;
        connection& operator=(const connection&) = delete;
        stream to;
        shared& in;
        const bool probes_only;
        enum class state { reads, writes, closed };
        state is = state::reads;
        std::chrono::steady_clock::time_point since;

        void begin(state what) {
            is = what;
            since = std::chrono::steady_clock::now();
            unlink();
            in.live.push_back(*this);
        }
        void close() {
            is = state::closed;
            to.close();
        }
    };
    // In the order in which they began what they do.
    boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>> live;

    // Makes room for a connection, which may be a health probe's, by closing the one that has waited for a request
    // longest, else the one whose answer is stalled longest. False where there is neither.
    bool make_room() {
        using state = connection::state;
        const auto before = std::chrono::steady_clock::now() - stalled;
        auto found = std::find_if(live.begin(), live.end(), [](const auto& each) { return each.is == state::reads; });
        if (found == live.end())
            found = std::find_if(live.begin(), live.end(),
                                 [&](const auto& each) { return each.is == state::writes && each.since < before; });
        if (found == live.end()) return false;
        found->close();
        return true;
    }

    [[nodiscard]] static task<> accept(std::shared_ptr<shared> in);
    [[nodiscard]] static task<> converse(std::shared_ptr<shared> in, socket with, bool for_probes);
};

namespace {

void report(const std::exception_ptr& unforeseen) noexcept { net::log_exception("admin", unforeseen); }

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// What is wrong with a request before its page is looked for. A body is refused unread, so the connection closes with
// it, and nobody can disagree on where it ends.
page check(const request_parser& got) {
    const auto& request = got.get();
    const bool has_body = got.chunked() || got.content_length_remaining().value_or(0) > 0;
    if (has_body || request.count(http::field::transfer_encoding) > 0) return refusal(413, "these pages take no body");
    if (request.version() != 10 && request.version() != 11) return refusal(505, "HTTP/1.1 is spoken here");
    if (request.count(http::field::host) != 1 && request.version() == 11)
        return refusal(400, "one Host, please (RFC 9112, 3.2)");
    return {};
}

page answer_to(const request_parser& got, const status& from, bool probes_only, bool& keep) {
    page made = check(got);
    if (made.status == 200 && probes_only && !is_for_probes(view(got.get().target())))
        made = refusal(503, "too many connections are open here: just now only /healthz and /readyz are answered");
    if (made.status != 200) {
        keep = false;
        return made;
    }
    const auto method = got.get().method_string();
    const auto target = got.get().target();
    const auto host = got.get()[http::field::host];
    try {
        return page_for(view(method), view(target), view(host), from);
    } catch (const std::exception& e) {
        spdlog::error("admin: a page can't be made: error={}", e.what());
        return refusal(500, "the page can't be made: the gateway's log tells why");
    }
}

page answer_to_trouble(const error_code& ec) {
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
        return refusal(431, "the header is longer than 8 KiB");
    return refusal(400, "this is not a well-formed HTTP request");
}

// A request that came and is none, rather than a connection that ended or fell silent, which nobody waits to hear of.
bool is_trouble_of_http(const error_code& ec) {
    return ec.category() == http::make_error_code(http::error::end_of_stream).category() &&
           ec != http::error::end_of_stream && ec != http::error::partial_message;
}

template <class Message>
void write_head(Message& to, const page& what, bool keep) {
    to.version(11);
    to.result(what.status);
    to.set(http::field::content_type, beast::string_view(what.type.data(), what.type.size()));
    to.set(http::field::cache_control, "no-store");
    to.set("X-Content-Type-Options", "nosniff");
    const auto policy = what.security_policy;
    if (!policy.empty()) to.set("Content-Security-Policy", beast::string_view(policy.data(), policy.size()));
    if (!what.allow.empty()) to.set(http::field::allow, beast::string_view(what.allow.data(), what.allow.size()));
    to.content_length(what.body.size());
    to.keep_alive(keep);
}

// Whether what comes may be a request. A TLS hello is none, and its sender waits for an answer before it sends more.
task<bool> begins_request(stream& to, beast::flat_buffer& buffer) {
    if (buffer.size() == 0) {
        const auto [ec, bytes] = co_await to.async_read_some(buffer.prepare(most_header_bytes), use_result);
        if (ec) co_return true;  // which reading on finds again
        buffer.commit(bytes);
    }
    const char first = *static_cast<const char*>(buffer.data().data());
    co_return is_token_char(first) || first == '\r';
}

// False when the connection is done with.
task<bool> send(stream& to, page what, bool head_only, bool keep) {
    to.expires_after(longest);
    if (head_only) {
        http::response<http::empty_body> answer;
        write_head(answer, what, keep);
        http::response_serializer<http::empty_body> bytes(answer);
        const auto [ec, sent] = co_await http::async_write_header(to, bytes, use_result);
        co_return !ec && keep;
    }
    http::response<http::string_body> answer;
    write_head(answer, what, keep);
    answer.body() = std::move(what.body);
    const auto [ec, sent] = co_await http::async_write(to, answer, use_result);
    co_return !ec && keep;
}

}  // namespace

// One connection, from its acceptance to its end.
task<> server::shared::converse(std::shared_ptr<shared> in, socket with, bool for_probes) {
    using state = connection::state;
    connection self(std::move(with), *in, for_probes);
    stream& to = self.to;
    beast::flat_buffer buffer(most_header_bytes);
    for (bool open = true; open;) {
        request_parser got;
        got.header_limit(most_header_bytes);
        to.expires_after(longest);
        self.begin(state::reads);
        const bool is_http = co_await begins_request(to, buffer);
        error_code ec = http::error::bad_method;
        if (is_http) {
            const auto [read, bytes] = co_await http::async_read_header(to, buffer, got, use_result);
            ec = read;
        }
        if (in->stopped || self.is == state::closed || (ec && !is_trouble_of_http(ec))) break;
        bool keep = !ec && got.get().keep_alive();
        page made = ec ? answer_to_trouble(ec) : answer_to(got, in->from, for_probes, keep);
        const bool head_only = got.get().method() == http::verb::head;
        self.begin(state::writes);
        const bool goes_on = co_await send(to, std::move(made), head_only, keep);
        open = goes_on && self.is != state::closed;
    }
    error_code ignored;  // the connection is on its way out: nothing is left to do about a failure
    to.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

task<> server::shared::accept(std::shared_ptr<shared> in) {
    const executor on = in->accepts.get_executor();
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor> pause(
        on);
    while (!in->stopped) {
        socket with(on);
        const auto [ec] = co_await in->accepts.async_accept(with, use_result);
        if (in->stopped) co_return;
        if (ec) {
            // Out of descriptors, or a connection that went away before it was accepted: either way later is better.
            pause.expires_after(100ms);
            static_cast<void>(co_await pause.async_wait(use_result));
            continue;
        }
        const bool for_probes = in->open >= most_connections && !in->make_room();
        if (for_probes && in->open >= most_connections + most_probes) continue;  // closes it
        asio::co_spawn(on, converse(in, std::move(with), for_probes), report);
    }
}

server::server(asio::io_context& on, const config::admin& where, status from)
    : shared_(std::make_shared<shared>(on, std::move(from))) {
    const std::string named = (where.host.find(':') == std::string::npos ? where.host : "[" + where.host + "]") + ":";
    try {
        tcp::endpoint at(asio::ip::make_address(where.host), where.port);
        auto& accepts = shared_->accepts;
        accepts.open(at.protocol());
        accepts.set_option(asio::socket_base::reuse_address(true));
        accepts.bind(at);
        accepts.listen(backlog);
        port_ = accepts.local_endpoint().port();
    } catch (const boost::system::system_error& e) {
        const error_code why(e.code().value(), e.code().category());  // without the line of Asio that it came from
        throw boost::system::system_error(
            why, "cannot listen on the admin address " + named + std::to_string(where.port) +
                     (why == asio::error::address_in_use ? " (`ss -ltnp` tells who listens there)" : ""));
    }
    address_ = named + std::to_string(port_);
    asio::co_spawn(on.get_executor(), shared::accept(shared_), report);
}

server::~server() { stop(); }

void server::stop() noexcept {
    shared_->stopped = true;
    error_code ignored;
    shared_->accepts.close(ignored);
    for (auto& each : shared_->live)
        each.to.close();
}

}  // namespace gateway::admin
