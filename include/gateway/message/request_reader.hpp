#pragma once
// Reads requests from the bytes of a connection, one after the other. It has neither a socket nor a clock: its user
// puts received bytes into prepare(), calls commit(), and then read_head() and read_body() for a result.
//
//     while (reader.read_head(limits) == read_result::need_more)
//         reader.commit(receive_into(reader.prepare()));
//
// The head is there first, to be judged before a body is kept.

#include <cstddef>
#include <span>
#include <string_view>

#include "gateway/message/body_reader.hpp"
#include "gateway/message/buffer.hpp"
#include "gateway/message/head.hpp"

namespace gateway::message {

// Of one request, in bytes.
struct request_limits {
    std::size_t head_bytes;
    std::size_t body_bytes;  // decoded
};

class request_reader {
public:
    static constexpr std::size_t read_size = 4096;            // a resize call with an SDK's headers is about 1 KiB
    static constexpr std::size_t max_kept_bytes = 16 * 1024;  // of memory, between two requests

    // Memory for the next bytes, at least a byte; after the head, for the whole of a body with a length. Views of
    // head() stay right, those of body() end.
    [[nodiscard]] std::span<char> prepare();
    void commit(std::size_t bytes) noexcept { buffer_.commit(bytes); }

    // Whether the head of the next request is there. One empty line before it is passed over (RFC 9112, 2.2). Bytes
    // that begin no request are rejected at once: their sender (of a TLS hello, say) may wait for an answer before it
    // sends more. A head is also rejected for the length of the body that it announces.
    [[nodiscard]] read_result read_head(const request_limits& limits);
    // After the head: whether all of the body is there. Decodes a chunked one.
    [[nodiscard]] read_result read_body(const request_limits& limits);
    [[nodiscard]] const message::problem& problem() const noexcept { return problem_; }  // why it was rejected

    // Before the head is there, and when it never will be, the fields that were not read are empty.
    [[nodiscard]] const request_head& head() const noexcept { return head_; }
    // Nothing of the request is yet to come: read_body() need not be called.
    [[nodiscard]] bool whole() const noexcept { return body_.whole(); }
    // Empty unless it is whole.
    [[nodiscard]] std::string_view body() const noexcept { return whole() ? body_.content() : std::string_view(); }

    // The caller waits for 100 Continue before it sends the body (RFC 9110, 10.1.1).
    [[nodiscard]] bool awaits_continue() const noexcept {
        return head_.expects_continue && head_.http_1_1 && buffer_.size() == head_bytes_;
    }
    // Bytes of memory that the request takes: of a body with a length before prepare() gets them, of a chunked one
    // after read_body() has.
    [[nodiscard]] std::size_t memory() const noexcept {
        return head_.framing.body == body_framing::chunked ? body_.decoded_memory() : head_bytes_ + length_;
    }
    // Bytes of the request that arrived, as far as they are known to be its own.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return head_bytes_ == 0 ? buffer_.size() : head_bytes_ + chunk_bytes_ + (whole() ? length_ : 0);
    }
    // No byte of the next request has arrived.
    [[nodiscard]] bool empty() const noexcept { return buffer_.size() == 0; }

    // A whole request is done with; what arrived behind it is the beginning of the next.
    void next() noexcept { start_over(head_bytes_ + length_); }
    // All that arrived is done with.
    void clear() noexcept { start_over(buffer_.size()); }

private:
    [[nodiscard]] read_result reject(const message::problem& reason) noexcept;
    void start_over(std::size_t used) noexcept;

    buffer buffer_;
    request_head head_;
    std::size_t head_bytes_ = 0;   // 0: the head is not there yet
    std::size_t length_ = 0;       // of a body with Content-Length
    std::size_t chunk_bytes_ = 0;  // of a chunked body, before they were decoded
    std::size_t searched_ = 0;     // of the buffer: no head ends there
    body_reader body_{buffer_};
    message::problem problem_;
    bool may_skip_line_ = true;
};

}  // namespace gateway::message
