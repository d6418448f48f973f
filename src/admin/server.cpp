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

constexpr std::size_t max_header_bytes = 8 * 1024;
constexpr std::size_t max_connections = 64;
constexpr std::size_t max_probes = 8;  // further ones, which /healthz and /readyz alone are answered over
constexpr auto stall_time = 1s;        // a connection that has not taken its answer by then may be closed
constexpr auto io_timeout = 10s;       // for a request to come, idle time before it included, and for an answer to go
constexpr int backlog = 128;

using acceptor = asio::basic_socket_acceptor<tcp, executor>;
using socket = asio::basic_stream_socket<tcp, executor>;
using stream = beast::basic_stream<tcp, executor, beast::unlimited_rate_policy>;
using request_parser = http::request_parser<http::empty_body>;

}  // namespace

struct server::shared {
    shared(asio::io_context& loop, status pages) : listener(loop.get_executor()), source(std::move(pages)) {}

    acceptor listener;
    status source;
    bool stopped = false;
    std::size_t open = 0;

    // A connection while its coroutine lives.
    struct connection : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        connection(socket accepted, shared& server, bool for_probes)
            : transport(std::move(accepted)), owner(server), probes_only(for_probes) {
            ++owner.open;
            owner.connections.push_back(*this);
        }
        ~connection() { --owner.open; }
        connection(const connection&) = delete;
        connection& operator=(const connection&) = delete;
        stream transport;
        shared& owner;
        const bool probes_only;
        enum class state { reads, writes, closed };
        state phase = state::reads;
        std::chrono::steady_clock::time_point since;

        void begin(state next) {
            phase = next;
            since = std::chrono::steady_clock::now();
            unlink();
            owner.connections.push_back(*this);
        }
        void close() {
            phase = state::closed;
            transport.close();
        }
    };
    // In the order in which they began to read or to write.
    boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>> connections;

    // Closes the connection that has waited longest for a request, else the one whose answer is stalled longest, for a
    // new one, which may be a health probe's. False where there is neither.
    bool close_longest_waiting() {
        using state = connection::state;
        const auto before = std::chrono::steady_clock::now() - stall_time;
        auto found = std::find_if(connections.begin(), connections.end(),
                                  [](const auto& each) { return each.phase == state::reads; });
        if (found == connections.end())
            found = std::find_if(connections.begin(), connections.end(),
                                 [&](const auto& each) { return each.phase == state::writes && each.since < before; });
        if (found == connections.end()) return false;
        found->close();
        return true;
    }

    [[nodiscard]] static task<> accept(std::shared_ptr<shared> owner);
    [[nodiscard]] static task<> serve_connection(std::shared_ptr<shared> owner, socket accepted, bool for_probes);
};

namespace {

void report(const std::exception_ptr& exception) noexcept { net::log_exception("admin", exception); }

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Checks a request before its page is looked for. A body is rejected unread, so the connection closes with it, and
// nobody can disagree on where it ends.
page check(const request_parser& got) {
    const auto& request = got.get();
    const bool has_body = got.chunked() || got.content_length_remaining().value_or(0) > 0;
    if (has_body || request.count(http::field::transfer_encoding) > 0)
        return error_page(413, "these pages take no body");
    if (request.version() != 10 && request.version() != 11) return error_page(505, "HTTP/1.1 is spoken here");
    if (request.count(http::field::host) != 1 && request.version() == 11)
        return error_page(400, "one Host, please (RFC 9112, 3.2)");
    return {};
}

page answer_to(const request_parser& got, const status& source, bool probes_only, bool& keep) {
    page made = check(got);
    if (made.status == 200 && probes_only && !is_for_probes(view(got.get().target())))
        made = error_page(503, "too many connections are open here: just now only /healthz and /readyz are answered");
    if (made.status != 200) {
        keep = false;
        return made;
    }
    const auto method = got.get().method_string();
    const auto target = got.get().target();
    const auto host = got.get()[http::field::host];
    try {
        return page_for(view(method), view(target), view(host), source);
    } catch (const std::exception& e) {
        spdlog::error("admin: a page can't be made: error={}", e.what());
        return error_page(500, "the page can't be made: the gateway's log tells why");
    }
}

page answer_to_error(const error_code& ec) {
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
        return error_page(431, "the header is longer than 8 KiB");
    return error_page(400, "this is not a well-formed HTTP request");
}

// A request that came and is none, rather than a connection that ended or fell silent, which nobody waits to hear of.
bool is_http_error(const error_code& ec) {
    return ec.category() == http::make_error_code(http::error::end_of_stream).category() &&
           ec != http::error::end_of_stream && ec != http::error::partial_message;
}

template <class Message>
void write_head(Message& message, const page& content, bool keep) {
    message.version(11);
    message.result(content.status);
    message.set(http::field::content_type, beast::string_view(content.type.data(), content.type.size()));
    message.set(http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    const auto policy = content.security_policy;
    if (!policy.empty()) message.set("Content-Security-Policy", beast::string_view(policy.data(), policy.size()));
    if (!content.allow.empty())
        message.set(http::field::allow, beast::string_view(content.allow.data(), content.allow.size()));
    message.content_length(content.body.size());
    message.keep_alive(keep);
}

// Whether what comes may be a request. A TLS hello is none, and its sender waits for an answer before it sends more.
task<bool> begins_request(stream& transport, beast::flat_buffer& buffer) {
    if (buffer.size() == 0) {
        const auto [ec, bytes] = co_await transport.async_read_some(buffer.prepare(max_header_bytes), use_result);
        if (ec) co_return true;  // which reading on finds again
        buffer.commit(bytes);
    }
    const char first = *static_cast<const char*>(buffer.data().data());
    co_return is_token_char(first) || first == '\r';
}

// False when the connection is done with.
task<bool> send(stream& transport, page content, bool head_only, bool keep) {
    transport.expires_after(io_timeout);
    if (head_only) {
        http::response<http::empty_body> answer;
        write_head(answer, content, keep);
        http::response_serializer<http::empty_body> bytes(answer);
        const auto [ec, sent] = co_await http::async_write_header(transport, bytes, use_result);
        co_return !ec && keep;
    }
    http::response<http::string_body> answer;
    write_head(answer, content, keep);
    answer.body() = std::move(content.body);
    const auto [ec, sent] = co_await http::async_write(transport, answer, use_result);
    co_return !ec && keep;
}

}  // namespace

// One connection, from its acceptance to its end.
task<> server::shared::serve_connection(std::shared_ptr<shared> owner, socket accepted, bool for_probes) {
    using state = connection::state;
    connection self(std::move(accepted), *owner, for_probes);
    stream& transport = self.transport;
    beast::flat_buffer buffer(max_header_bytes);
    for (bool open = true; open;) {
        request_parser got;
        got.header_limit(max_header_bytes);
        transport.expires_after(io_timeout);
        self.begin(state::reads);
        const bool is_http = co_await begins_request(transport, buffer);
        error_code ec = http::error::bad_method;
        if (is_http) {
            const auto [read, bytes] = co_await http::async_read_header(transport, buffer, got, use_result);
            ec = read;
        }
        if (owner->stopped || self.phase == state::closed || (ec && !is_http_error(ec))) break;
        bool keep = !ec && got.get().keep_alive();
        page made = ec ? answer_to_error(ec) : answer_to(got, owner->source, for_probes, keep);
        const bool head_only = got.get().method() == http::verb::head;
        self.begin(state::writes);
        const bool goes_on = co_await send(transport, std::move(made), head_only, keep);
        open = goes_on && self.phase != state::closed;
    }
    error_code ignored;  // the connection is on its way out: nothing is left to do about a failure
    transport.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

task<> server::shared::accept(std::shared_ptr<shared> owner) {
    const executor context = owner->listener.get_executor();
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor> pause(
        context);
    while (!owner->stopped) {
        socket accepted(context);
        const auto [ec] = co_await owner->listener.async_accept(accepted, use_result);
        if (owner->stopped) co_return;
        if (ec) {
            // Out of descriptors, or a connection that went away before it was accepted: either way later is better.
            pause.expires_after(100ms);
            static_cast<void>(co_await pause.async_wait(use_result));
            continue;
        }
        const bool for_probes = owner->open >= max_connections && !owner->close_longest_waiting();
        if (for_probes && owner->open >= max_connections + max_probes) continue;  // closes it
        asio::co_spawn(context, serve_connection(owner, std::move(accepted), for_probes), report);
    }
}

server::server(asio::io_context& context, const config::admin& settings, status source)
    : shared_(std::make_shared<shared>(context, std::move(source))) {
    const std::string named =
        (settings.host.find(':') == std::string::npos ? settings.host : "[" + settings.host + "]") + ":";
    try {
        tcp::endpoint endpoint(asio::ip::make_address(settings.host), settings.port);
        auto& listener = shared_->listener;
        listener.open(endpoint.protocol());
        listener.set_option(asio::socket_base::reuse_address(true));
        listener.bind(endpoint);
        listener.listen(backlog);
        port_ = listener.local_endpoint().port();
    } catch (const boost::system::system_error& e) {
        const error_code error(e.code().value(), e.code().category());  // without the line of Asio that it came from
        throw boost::system::system_error(
            error, "cannot listen on the admin address " + named + std::to_string(settings.port) +
                       (error == asio::error::address_in_use ? " (`ss -ltnp` tells who listens there)" : ""));
    }
    address_ = named + std::to_string(port_);
    asio::co_spawn(context.get_executor(), shared::accept(shared_), report);
}

server::~server() { stop(); }

void server::stop() noexcept {
    shared_->stopped = true;
    error_code ignored;
    shared_->listener.close(ignored);
    for (auto& each : shared_->connections)
        each.transport.close();
}

}  // namespace gateway::admin
