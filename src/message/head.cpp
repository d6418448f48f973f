#include "gateway/message/head.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include "framing.hpp"
#include "gateway/base/token.hpp"
#include "lines.hpp"

namespace gateway::message {

namespace {

namespace beast = boost::beast;
using beast::error_code;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

problem malformed(std::string_view reason) { return {fault::malformed, reason}; }

// Beast's parser, for the first line alone. Its fields cost more than all the rest of a head (each name is looked up
// among 350, and Connection, Content-Length and Transfer-Encoding are read by rules laxer than ours): read_fields().
template <bool isRequest, class Head>
class start_line_parser : public beast::http::basic_parser<isRequest> {
public:
    explicit start_line_parser(Head& result) : result_(result) {}

    // `line` with its CRLF.
    std::optional<problem> parse(std::string_view line) {
        this->header_limit(static_cast<std::uint32_t>(line.size() + 1));
        error_code ec;
        const std::size_t taken = this->put(boost::asio::buffer(line), ec);
        if (ec == error::need_more && taken == line.size()) return std::nullopt;  // namely the fields
        return malformed(reason(ec));
    }

private:
    using error = beast::http::error;

    // Beast's codes in words of ours: its texts are dynamic and shorter than a caller needs.
    static std::string_view reason(const error_code& ec) {
        if (ec == error::bad_method) return "the method is not a token (RFC 9110, 9.1)";
        if (ec == error::bad_target) return "the request target is malformed (RFC 9112, 3.2)";
        if (ec == error::bad_version) return "the version is not HTTP/1.1 or HTTP/1.0 (RFC 9112, 2.3)";
        if (ec == error::need_more)  // the line ends early, for which a method or target would have been rejected
            return isRequest ? reason(error::bad_version) : reason(error::bad_status);
        if (ec == error::bad_status || ec == error::bad_reason) return "the status line is malformed (RFC 9112, 4)";
        return "not an HTTP/1.1 message head (RFC 9112, 2.1)";
    }

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         error_code& ec) override {
        ec = {};
        if constexpr (isRequest) {
            result_.method = view(method);
            result_.target = view(target);
            result_.http_1_1 = version == 11;
        }
    }
    void on_response_impl(int status, beast::string_view, int version, error_code& ec) override {
        ec = {};
        if constexpr (!isRequest) {
            result_.status = static_cast<unsigned>(status);
            result_.http_1_1 = version == 11;
        }
    }

    // Neither fields nor a body ever come here.
    void on_field_impl(beast::http::field, beast::string_view, beast::string_view, error_code& ec) override { ec = {}; }
    void on_header_impl(error_code& ec) override { ec = {}; }
    void on_finish_impl(error_code& ec) override { ec = {}; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override { ec = {}; }
    std::size_t on_body_impl(beast::string_view body, error_code& ec) override {
        ec = {};
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code& ec) override { ec = {}; }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code& ec) override {
        ec = {};
        return body.size();
    }

    Head& result_;
};

// Tokens with commas between, empty ones among them (RFC 9110, 5.6.1).
bool is_token_list(std::string_view value) noexcept {
    for (;;) {
        const auto comma = value.find(',');
        const std::string_view item = without_blanks(value.substr(0, comma));
        if (token_length(item) != item.size()) return false;
        if (comma == std::string_view::npos) return true;
        value.remove_prefix(comma + 1);
    }
}

// RFC 9112, 5: field-line = field-name ":" OWS field-value OWS, up to the empty line, which ends the head.
std::optional<problem> read_fields(line_reader& lines, field_list& fields) {
    fields.clear();
    std::string_view line;
    while (lines.next(line)) {
        if (line.empty()) return std::nullopt;
        if (line.front() == ' ' || line.front() == '\t') return malformed("a header line is folded (RFC 9112, 5.2)");
        if (fields.size() == max_fields) return problem{fault::header_too_long, "more than 100 header fields"};
        const std::size_t name = token_length(line);
        if (name == 0 || name == line.size() || line[name] != ':')
            return malformed("a header name is malformed (RFC 9112, 5.1)");
        const field one{line.substr(0, name), without_blanks(line.substr(name + 1))};
        const known kind = fields.add(one);
        if ((kind == known::connection || kind == known::proxy_connection) && !is_token_list(one.value))
            return malformed("Connection is not a list of tokens (RFC 9110, 7.6.1)");
    }
    return malformed(lines.reason());
}

template <bool isRequest, class Head>
std::optional<problem> parse(std::string_view head, Head& result) {
    line_reader lines(head);
    std::string_view first;
    if (!lines.next(first)) return malformed(lines.reason());
    if (auto p = start_line_parser<isRequest, Head>(result).parse(head.substr(0, lines.taken()))) return p;
    if (auto p = read_fields(lines, result.fields)) return p;
    if (lines.taken() != head.size()) return malformed("not an HTTP/1.1 message head (RFC 9112, 2.1)");
    return std::nullopt;
}

}  // namespace

std::size_t head_length(std::string_view bytes, std::size_t seen) noexcept {
    const auto end = bytes.find("\r\n\r\n", seen > 3 ? seen - 3 : 0);
    return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<problem> parse_request_head(std::string_view head, request_head& result) {
    if (auto p = parse<true>(head, result)) return p;
    return check_request(result);
}

std::optional<problem> parse_response_head(std::string_view head, response_head& result) {
    if (auto p = parse<false>(head, result)) return p;
    return check_response(result);
}

}  // namespace gateway::message
