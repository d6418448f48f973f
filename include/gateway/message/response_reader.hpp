#pragma once
// Reads responses from the bytes of a connection, one after the other. It has no socket: its user puts received bytes
// into prepare(), calls commit(), and then read_head() and read_body() for a result.
//
//     while (reader.read_head() == read_result::need_more)
//         reader.commit(receive_into(reader.prepare()));

#include <cstddef>
#include <span>
#include <string_view>

#include "gateway/message/body_reader.hpp"
#include "gateway/message/buffer.hpp"
#include "gateway/message/head.hpp"

namespace gateway::message {

class response_reader {
public:
    static constexpr std::size_t max_head_bytes = 64 * 1024;  // tokens in a header run to kilobytes
    static constexpr unsigned max_interim_responses = 8;      // 1xx before the response (RFC 9110, 15.2)
    static constexpr std::size_t head_read_size = 4096;       // bytes for a read
    static constexpr std::size_t body_read_size = 16 * 1024;

    // From now on memory is overwritten before it is given back.
    void keep_secret() noexcept;

    // Memory for the next bytes, at least a byte. Views of head() stay right, those of body() end.
    [[nodiscard]] std::span<char> prepare();
    void commit(std::size_t bytes) noexcept {
        buffer_.commit(bytes);
        started_ = started_ || bytes > 0;
    }

    // Whether the head of the response is there. Interim responses (1xx) before it are passed over.
    [[nodiscard]] read_result read_head();
    // After the head: whether `wanted` bytes of the body are there that were not consumed, or all that is left of it.
    // Of a chunked body, at most body_read_size bytes more than that are decoded.
    [[nodiscard]] read_result read_body(std::size_t wanted);
    // The sender closed the connection. True when the response is whole by that (RFC 9112, 6.3, rule 8).
    [[nodiscard]] bool end_of_input() noexcept { return body_.end_of_input(); }
    [[nodiscard]] std::string_view reason() const noexcept { return reason_; }  // a sentence of ours, static text

    [[nodiscard]] const response_head& head() const noexcept { return head_; }
    [[nodiscard]] std::size_t head_bytes() const noexcept { return head_bytes_; }
    [[nodiscard]] std::string_view body() const noexcept { return body_.content(); }  // not consumed yet
    void consume_body() noexcept { body_.consume(); }
    [[nodiscard]] bool whole() const noexcept { return body_.whole(); }  // nothing follows body()

    // Any byte has arrived since the last reset(), of an interim response, too.
    [[nodiscard]] bool started() const noexcept { return started_; }
    // The response is whole, its sender keeps the connection, and no byte came behind it: such a byte belongs to no
    // request, and a peer that sends one can't be trusted with another request (RFC 9112, 9.2).
    [[nodiscard]] bool is_reusable() const noexcept {
        return body_.whole() && head_.framing.keep_alive && body_.surplus() == 0;
    }
    // The response is done with; the next one may come.
    void reset() noexcept;

private:
    [[nodiscard]] read_result reject(std::string_view reason) noexcept;

    buffer buffer_;
    response_head head_;
    std::size_t head_bytes_ = 0;  // 0: the head is not there yet
    std::size_t searched_ = 0;    // of the buffer: no head ends there
    body_reader body_{buffer_};
    unsigned interim_responses_ = 0;
    std::string_view reason_;
    bool started_ = false;
};

}  // namespace gateway::message
