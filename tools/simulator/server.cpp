#include "server.hpp"

#include <array>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "gateway/base/time.hpp"

namespace simulator {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

listener::listener(settings how, handler behind, const moved_clock& clock)
    : how_(std::move(how)),
      behind_(std::move(behind)),
      clock_(clock),
      acceptor_(io_, asio::ip::tcp::endpoint(asio::ip::make_address(how_.address), how_.port)) {
    port_ = acceptor_.local_endpoint().port();
    if (!how_.record.empty()) record_.open(how_.record, std::ios::trunc);
    if (!record_) throw std::runtime_error("can't write the record " + how_.record);
}

void listener::run() {
    for (;;) {
        error_code ec;
        asio::ip::tcp::socket with(io_);
        acceptor_.accept(with, ec);
        try {
            if (ec) throw boost::system::system_error(ec);
            std::thread([this, with = std::move(with)]() mutable { serve_connection(std::move(with)); }).detach();
        } catch (const std::system_error&) {
            // Too many files or threads: that connection is lost; some of the others may end soon.
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

void listener::serve_connection(asio::ip::tcp::socket with) {
    error_code ec;
    with.set_option(asio::ip::tcp::no_delay(true), ec);
    if (!how_.tls) return serve(with);
    asio::ssl::stream<asio::ip::tcp::socket> secure(std::move(with), *how_.tls);
    secure.handshake(asio::ssl::stream_base::server, ec);
    if (!ec) serve(secure);
}

template <class Stream>
void listener::serve(Stream& stream) {
    boost::beast::flat_buffer buffer;
    for (std::size_t count = 1;; ++count) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(16 * 1024 * 1024);
        parser.header_limit(128 * 1024);
        error_code ec;
        http::read(stream, buffer, parser, ec);
        if (ec) return;
        const auto& request = parser.get();
        call what;
        what.method = std::string(request.method_string());
        const std::string target(request.target());
        const auto mark = target.find('?');
        what.path = target.substr(0, mark);
        if (mark != std::string::npos) what.query = target.substr(mark + 1);
        for (const auto& f : request)
            what.headers.emplace_back(f.name_string(), f.value());
        what.body = request.body();
        what.request_id = next_request_id();
        record(what);

        const bool last = !request.keep_alive() || count >= how_.requests_per_connection;
        if (!write(stream, what, behind_(what), last)) return;
    }
}

namespace {

template <class Stream>
void wait_for_end(Stream& stream) {
    std::array<char, 4096> anything;
    for (error_code ec; !ec;)
        stream.read_some(asio::buffer(anything), ec);
}

}  // namespace

// False when the connection is done with.
template <class Stream>
bool listener::write(Stream& stream, const call& to, const reply& what, bool last) {
    const answer& with = what.with;
    const fault& wrong = what.how;
    std::this_thread::sleep_for(wrong.delay);
    if (wrong.close_before_answer) return false;
    if (wrong.no_answer) {
        wait_for_end(stream);
        return false;
    }
    last = last || wrong.connection_close;

    std::string body = with.body;
    if (body.size() < wrong.big_body_bytes) body.append(wrong.big_body_bytes - body.size(), ' ');
    const auto reason = http::obsolete_reason(static_cast<http::status>(with.status));
    std::string bytes = "HTTP/1.1 " + std::to_string(with.status) + " " + std::string(reason) +
                        "\r\nDate: " + http_date(clock_.at(std::chrono::system_clock::now())) +
                        "\r\nServer: api-gateway\r\nX-Request-Id: " + to.request_id + "\r\n";
    if (with.status != 204) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    bool typed = false;
    for (const auto& [name, value] : with.headers) {
        bytes.append(name).append(": ").append(value).append("\r\n");
        typed = typed || name == "Content-Type";
    }
    if (!typed) bytes += "Content-Type: application/json\r\n";
    if (wrong.extra_header_bytes > 0) bytes += "X-Extra: " + std::string(wrong.extra_header_bytes, 'x') + "\r\n";
    bytes += last ? "Connection: close\r\n\r\n" : "\r\n";
    bytes += body;
    if (wrong.garbage) bytes = "This is no HTTP.\n\n";
    if (wrong.close_after) bytes.resize(std::min(bytes.size(), *wrong.close_after));
    error_code ec;
    asio::write(stream, asio::buffer(bytes), ec);
    return !ec && !last && !wrong.garbage && !wrong.close_after;
}

std::string listener::next_request_id() {
    std::array<char, 33> id{};
    std::snprintf(id.data(), id.size(), "%032lx", ++answered_);
    return id.data();
}

void listener::record(const call& what) {
    if (!record_.is_open()) return;
    boost::json::array headers;
    for (const auto& [name, value] : what.headers)
        headers.push_back(boost::json::array{name, value});
    std::string at;
    gateway::append_rfc3339(at, clock_.at(std::chrono::system_clock::now()));
    const boost::json::object line{{"at", at},
                                   {"method", what.method},
                                   {"target", what.query.empty() ? what.path : what.path + "?" + what.query},
                                   {"headers", headers},
                                   {"body", what.body}};
    const std::lock_guard held(record_lock_);
    record_ << boost::json::serialize(line) << std::endl;
}

}  // namespace simulator
