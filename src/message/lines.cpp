#include "lines.hpp"

#include "gateway/base/sixteen.hpp"

namespace gateway::message {

namespace {

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// The first control character from there on, tabs left out; the size of `text` where there is none.
std::size_t next_control(std::string_view text, std::size_t start) noexcept {
    for (std::size_t i = start;; ++i) {
        while (i + sizeof(sixteen) <= text.size()) {
            const sixteen bytes = load_sixteen(text.data() + i);
            const std::size_t found = first_of((bytes < 0x20) | (bytes == 0x7F));
            i += found;
            if (found < sizeof(sixteen)) break;
        }
        while (i < text.size() && !is_control(text[i]))
            ++i;
        if (i == text.size() || text[i] != '\t') return i;
    }
}

}  // namespace

// A line ends with CRLF, and CR or LF occur nowhere else.
bool line_reader::next(std::string_view& line) noexcept {
    const std::size_t end = next_control(head_, position_);
    if (end + 1 < head_.size() && head_[end] == '\r' && head_[end + 1] == '\n') {
        line = head_.substr(position_, end - position_);
        position_ = end + 2;
        return true;
    }
    const bool is_line_end = end == head_.size() || head_[end] == '\r' || head_[end] == '\n';
    reason_ =
        is_line_end ? "a CR or LF stands alone (RFC 9112, 2.2)" : "a control character in the header (RFC 9110, 5.5)";
    return false;
}

}  // namespace gateway::message
