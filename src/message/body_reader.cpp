#include "gateway/message/body_reader.hpp"

#include "gateway/base/secret_text.hpp"

namespace gateway::message {

void body_reader::begin(const framing& rules, std::size_t head_bytes) {
    framing_ = rules.body;
    left_ = rules.length;
    head_bytes_ = head_bytes;
    decoder_ = {};
    decoded_.clear();
    ended_ = false;
}

std::optional<problem> body_reader::decode_chunks(std::size_t max_decoded) {
    // At once: a string that grows leaves copies of what it held behind.
    if (secret_) decoded_.reserve(max_decoded);
    std::size_t used = 0;
    auto problem = decoder_.feed(arrived(), used, decoded_, max_decoded);
    buffer_.cut(head_bytes_, used);
    return problem;
}

void body_reader::consume() noexcept {
    if (framing_ == body_framing::chunked) {
        decoded_.clear();
        return;
    }
    const std::size_t bytes = content().size();
    if (framing_ == body_framing::length) left_ -= bytes;
    buffer_.cut(head_bytes_, bytes);
}

std::size_t body_reader::surplus() const noexcept {
    if (framing_ == body_framing::until_close) return 0;
    const std::size_t content_bytes = framing_ == body_framing::length ? content().size() : 0;
    return buffer_.size() - head_bytes_ - content_bytes;
}

void body_reader::reset(std::size_t max_kept) noexcept {
    wipe_secret();
    if (decoded_.capacity() > max_kept) decoded_ = {};
    head_bytes_ = 0;
    framing_ = body_framing::none;
}

void body_reader::wipe_secret() noexcept {
    if (secret_) wipe(decoded_.data(), decoded_.capacity());
}

}  // namespace gateway::message
