#pragma once
// The body of a message as it arrives behind its head, by any framing (RFC 9112, 6.3). A chunked body is decoded out of
// the buffer; any other stays in it and is not copied. Readers of requests and of responses have one each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/message/buffer.hpp"
#include "gateway/message/chunk_decoder.hpp"
#include "gateway/message/head.hpp"

namespace gateway::message {

// A reader's verdict on the bytes that it has.
enum class read_result : std::uint8_t {
    need_more,  // they are the beginning of what was asked for
    message,    // it is there
    rejected,   // they can't become it; final
};

class body_reader {
public:
    explicit body_reader(buffer& bytes) noexcept : buffer_(bytes) {}
    body_reader(const body_reader&) = delete;
    body_reader& operator=(const body_reader&) = delete;
    ~body_reader() { wipe_secret(); }

    // Decoded bytes are overwritten before their memory is given back.
    void keep_secret() noexcept { secret_ = true; }

    // A body with that framing follows the first `head_bytes` of the buffer.
    void begin(const framing& rules, std::size_t head_bytes);

    // Decodes what the buffer holds of a chunked body, until content() has `max_decoded` bytes. A problem is final.
    [[nodiscard]] std::optional<problem> decode(std::size_t max_decoded) {
        if (framing_ != body_framing::chunked || decoder_.done()) return std::nullopt;
        return decode_chunks(max_decoded);
    }
    // The sender closed the connection. True when the body ends by that.
    [[nodiscard]] bool end_of_input() noexcept {
        ended_ = framing_ == body_framing::until_close;
        return ended_;
    }

    // All of the body has arrived.
    [[nodiscard]] bool whole() const noexcept {
        switch (framing_) {
            case body_framing::none:
                return true;
            case body_framing::length:
                return buffer_.size() - head_bytes_ >= left_;
            case body_framing::chunked:
                return decoder_.done();
            case body_framing::until_close:
                return ended_;
        }
        return false;
    }
    // The part that has arrived and was not consumed; a view until the buffer or this object changes.
    [[nodiscard]] std::string_view content() const noexcept {
        switch (framing_) {
            case body_framing::none:
                return {};
            case body_framing::length:
                return arrived().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, arrived().size())));
            case body_framing::chunked:
                return decoded_;
            case body_framing::until_close:
                return arrived();
        }
        return {};
    }
    void consume() noexcept;  // all of content()

    // Bytes of memory that decoded content takes.
    [[nodiscard]] std::size_t decoded_memory() const noexcept { return decoded_.capacity(); }

    // Bytes in the buffer that belong to none of head and body.
    [[nodiscard]] std::size_t surplus() const noexcept;

    // Gives memory beyond `max_kept` back; the body is done with.
    void reset(std::size_t max_kept) noexcept;

private:
    [[nodiscard]] std::string_view arrived() const noexcept { return buffer_.data().substr(head_bytes_); }
    [[nodiscard]] std::optional<problem> decode_chunks(std::size_t max_decoded);
    void wipe_secret() noexcept;

    buffer& buffer_;
    std::size_t head_bytes_ = 0;
    body_framing framing_ = body_framing::none;
    std::uint64_t left_ = 0;  // with a length: bytes that were not consumed, in the buffer or still to come
    chunk_decoder decoder_;
    std::string decoded_;
    bool ended_ = false;  // until close
    bool secret_ = false;
};

}  // namespace gateway::message
