#include "gateway/message/head.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include "framing.hpp"

namespace gateway::message {

namespace {

namespace beast = boost::beast;
using beast::error_code;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Beast's parser with a place of ours to put the fields: views, where beast::http::fields would copy each one.
template <bool isRequest, class Head>
class head_parser : public beast::http::basic_parser<isRequest> {
public:
    explicit head_parser(Head& into) : into_(into) {
        into_.fields.clear();
        this->skip(true);  // the body is read by its own rules: chunk_decoder.hpp
    }

    // Nothing when `head` is one whole head and nothing else.
    std::optional<problem> parse(std::string_view head) {
        this->header_limit(static_cast<std::uint32_t>(head.size() + 1));
        error_code ec;
        const std::size_t taken = this->put(boost::asio::buffer(head), ec);
        if (too_many_) return problem{fault::header_too_long, "more than 100 header fields"};
        if (ec || taken != head.size()) return problem{fault::malformed, reason(ec)};
        return std::nullopt;
    }

private:
    using error = beast::http::error;

    // Beast's codes in words of ours: its texts are dynamic and shorter than a caller needs.
    static std::string_view reason(const error_code& ec) {
        if (ec == error::bad_method) return "the method is not a token (RFC 9110, 9.1)";
        if (ec == error::bad_target) return "the request target is malformed (RFC 9112, 3.2)";
        if (ec == error::bad_version) return "the version is not HTTP/1.1 or HTTP/1.0 (RFC 9112, 2.3)";
        if (ec == error::bad_status || ec == error::bad_reason) return "the status line is malformed (RFC 9112, 4)";
        if (ec == error::bad_field) return "a header name is malformed (RFC 9112, 5.1)";
        if (ec == error::bad_value) return "a header value is malformed (RFC 9110, 5.5)";
        if (ec == error::bad_content_length || ec == error::multiple_content_length)
            return "Content-Length is malformed, repeated or beside Transfer-Encoding (RFC 9112, 6.3)";
        if (ec == error::bad_transfer_encoding)
            return "Transfer-Encoding is repeated or beside Content-Length (RFC 9112, 6.1)";
        return "not an HTTP/1.1 message head (RFC 9112, 2.1)";
    }

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         error_code& ec) override {
        ec = {};
        if constexpr (isRequest) {
            into_.method = view(method);
            into_.target = view(target);
            into_.http_1_1 = version == 11;
        }
    }
    void on_response_impl(int status, beast::string_view, int version, error_code& ec) override {
        ec = {};
        if constexpr (!isRequest) {
            into_.status = static_cast<unsigned>(status);
            into_.http_1_1 = version == 11;
        }
    }
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code& ec) override {
        ec = {};
        if (into_.fields.size() == most_fields) {
            too_many_ = true;
            ec = error::header_limit;
            return;
        }
        into_.fields.add({view(name), view(value)});
    }
    void on_header_impl(error_code& ec) override { ec = {}; }
    void on_finish_impl(error_code& ec) override { ec = {}; }

    // Bodies never come here: skip(true).
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

    Head& into_;
    bool too_many_ = false;
};

}  // namespace

std::size_t head_length(std::string_view bytes, std::size_t seen) noexcept {
    const auto end = bytes.find("\r\n\r\n", seen > 3 ? seen - 3 : 0);
    return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<problem> parse_request_head(std::string_view head, request_head& into) {
    if (auto p = check_bytes(head)) return p;
    if (auto p = head_parser<true, request_head>(into).parse(head)) return p;
    return check_request(into);
}

std::optional<problem> parse_response_head(std::string_view head, response_head& into) {
    if (auto p = check_bytes(head)) return p;
    if (auto p = head_parser<false, response_head>(into).parse(head)) return p;
    return check_response(into);
}

}  // namespace gateway::message
