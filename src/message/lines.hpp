#pragma once
// The lines of a head one by one, while the bytes are checked that a head can't have.

#include <string_view>

namespace gateway::message {

class line_reader {
public:
    explicit line_reader(std::string_view head) noexcept : head_(head) {}

    // The next line, without its CRLF. False when there is none by RFC 9112, 2.2 and RFC 9110, 5.5: reason() says why.
    [[nodiscard]] bool next(std::string_view& line) noexcept;
    [[nodiscard]] std::string_view reason() const noexcept { return reason_; }  // a sentence of ours, static text

    [[nodiscard]] std::size_t taken() const noexcept { return position_; }  // bytes of all lines up to here

private:
    std::string_view head_;
    std::size_t position_ = 0;
    std::string_view reason_;
};

}  // namespace gateway::message
