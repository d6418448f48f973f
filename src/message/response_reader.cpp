#include "gateway/message/response_reader.hpp"

#include <algorithm>

namespace gateway::message {

namespace {

// Whether the one begins with the other, as far as both go.
bool begins_alike(std::string_view a, std::string_view b) noexcept {
    const auto both = std::min(a.size(), b.size());
    return a.substr(0, both) == b.substr(0, both);
}

}  // namespace

void response_reader::keep_secret() noexcept {
    buffer_.keep_secret();
    body_.keep_secret();
}

std::span<char> response_reader::prepare() {
    const char* const before = buffer_.data().data();
    buffer_.reserve(head_bytes_ == 0 ? head_read_size : body_read_size);
    if (head_bytes_ > 0 && buffer_.data().data() != before) {
        // The head has moved with the buffer, and what is known of it are views: read it again.
        static_cast<void>(parse_response_head(buffer_.data().substr(0, head_bytes_), head_));
    }
    return {buffer_.free_space(), buffer_.free_size()};
}

read_result response_reader::read_head() {
    for (;;) {
        const std::string_view bytes = buffer_.data();
        const std::size_t length = head_length(bytes, searched_);
        if (length == 0) {
            searched_ = bytes.size();
            // Another protocol is rejected at once, not at the time-out.
            if (!begins_alike(bytes, "HTTP/1."))
                return reject("it does not begin as an HTTP/1.1 answer does (RFC 9112, 4)");
            if (searched_ >= max_head_bytes) return reject("the header of the answer is longer than 64 KiB");
            return read_result::need_more;
        }
        if (length > max_head_bytes) return reject("the header of the answer is longer than 64 KiB");
        if (const auto problem = parse_response_head(bytes.substr(0, length), head_)) return reject(problem->reason);
        if (head_.status >= 200) {
            head_bytes_ = length;
            body_.begin(head_.framing, length);
            return read_result::message;
        }
        // Interim answers are not for the caller, who did not ask for any. 101 would turn the connection into something
        // else.
        if (head_.status == 101 || interim_responses_++ == max_interim_responses)
            return reject("the endpoint sent an interim answer that was not asked for");
        buffer_.consume(length);
        searched_ = 0;
    }
}

read_result response_reader::read_body(std::size_t wanted) {
    if (const auto problem = body_.decode(wanted + body_read_size)) return reject(problem->reason);
    return body_.whole() || body_.content().size() >= wanted ? read_result::message : read_result::need_more;
}

read_result response_reader::reject(std::string_view reason) noexcept {
    reason_ = reason;
    return read_result::rejected;
}

void response_reader::reset() noexcept {
    buffer_.consume(buffer_.size());
    buffer_.shrink(body_read_size + head_read_size);
    body_.reset(body_read_size);
    head_bytes_ = 0;
    searched_ = 0;
    interim_responses_ = 0;
    started_ = false;
}

}  // namespace gateway::message
