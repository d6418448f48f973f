#include "gateway/message/request_reader.hpp"

#include "gateway/base/token.hpp"

namespace gateway::message {

namespace {

constexpr char tls_handshake = 0x16;  // RFC 8446, 5.1: the first byte of a hello

// `head` has no end within the limit.
problem too_long(std::string_view head) noexcept {
    if (head.find("\r\n") != std::string_view::npos)
        return {fault::header_too_long, "the header is longer than limits.header_bytes"};
    if (head.find(' ') != std::string_view::npos)
        return {fault::line_too_long, "the request line is longer than limits.header_bytes"};
    return {fault::method_too_long, "the method is longer than limits.header_bytes"};
}

constexpr problem body_too_large{fault::body_too_large, "the body is larger than limits.body_bytes"};

}  // namespace

std::span<char> request_reader::prepare() {
    const char* const before = buffer_.data().data();
    const std::size_t request_bytes = head_bytes_ + length_;
    buffer_.reserve(request_bytes > buffer_.size() ? request_bytes - buffer_.size() : read_size);
    if (head_bytes_ > 0 && buffer_.data().data() != before) {
        // The head has moved with the buffer, and what is known of it are views: read it again.
        static_cast<void>(parse_request_head(buffer_.data().substr(0, head_bytes_), head_));
    }
    return {buffer_.free_space(), buffer_.free_size()};
}

read_result request_reader::read_head(const request_limits& limits) {
    if (may_skip_line_ && buffer_.data().starts_with("\r\n")) {  // some old clients end a body with it
        buffer_.consume(2);
        searched_ = 0;
        may_skip_line_ = false;
    }
    const std::string_view bytes = buffer_.data();
    if (bytes.empty()) return read_result::need_more;
    if (!is_token_char(bytes.front()) && !(may_skip_line_ && bytes == "\r"))
        return reject({fault::malformed, bytes.front() == tls_handshake
                                             ? "this listener speaks plain HTTP, and a TLS hello came: use http://, or "
                                               "another listener"
                                             : "no method begins so (RFC 9112, 3)"});
    const std::size_t length = head_length(bytes, searched_);
    if (length == 0 || length > limits.head_bytes) {
        searched_ = bytes.size();
        return searched_ < limits.head_bytes ? read_result::need_more
                                             : reject(too_long(bytes.substr(0, limits.head_bytes)));
    }
    head_bytes_ = length;
    if (const auto problem = parse_request_head(bytes.substr(0, length), head_)) return reject(*problem);
    if (head_.framing.length > limits.body_bytes) return reject(body_too_large);
    length_ = static_cast<std::size_t>(head_.framing.length);
    body_.begin(head_.framing, length);
    return read_result::message;
}

read_result request_reader::read_body(const request_limits& limits) {
    const std::size_t before = buffer_.size();
    // A byte beyond the limit tells that the body goes on.
    const auto problem = body_.decode(limits.body_bytes + 1);
    chunk_bytes_ += before - buffer_.size();
    if (body_.content().size() > limits.body_bytes) return reject(body_too_large);  // before any problem behind that
    if (problem) return reject(*problem);
    return body_.whole() ? read_result::message : read_result::need_more;
}

read_result request_reader::reject(const message::problem& reason) noexcept {
    problem_ = reason;
    return read_result::rejected;
}

void request_reader::start_over(std::size_t used) noexcept {
    buffer_.consume(used);
    buffer_.shrink(max_kept_bytes);
    body_.reset(max_kept_bytes);
    head_.fields.clear();
    head_.method = head_.target = head_.path = head_.query = {};
    head_.framing = {};
    head_.expects_continue = false;
    head_bytes_ = length_ = chunk_bytes_ = searched_ = 0;
    problem_ = {};
    may_skip_line_ = true;
}

}  // namespace gateway::message
