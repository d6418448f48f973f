#include "gateway/outcome/recent.hpp"

#include <algorithm>
#include <cstring>

namespace gateway::outcome {

namespace {

constexpr std::size_t most_exchanged = 1024 * 1024;  // bytes of memory that are exchanged, and so kept
constexpr std::size_t most_behind = 256 * 1024;      // bytes that come one by one before the oldest go

// Where the last `count` lines begin. `count` becomes how many there are.
std::size_t last_lines(std::string_view in, std::size_t& count) {
    std::size_t begin = in.size(), found = 0;
    for (; begin > 0 && found < count; ++found) {
        // Not rfind(), which looks at each byte: that was 4,000 instructions a call.
        const void* const before = begin < 2 ? nullptr : ::memrchr(in.data(), '\n', begin - 1);
        begin = before == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(before) - in.data()) + 1;
    }
    count = found;
    return begin;
}

void append_members(std::string& to, std::string_view lines) {
    while (!lines.empty()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        if (!to.empty()) to += ',';
        to += lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
}

}  // namespace

void recent::take(std::string& lines) {
    std::size_t count = most;
    const std::size_t begin = last_lines(lines, count);
    if (count < most) {
        text_ += lines;
    } else if (lines.capacity() <= most_exchanged) {
        text_.swap(lines);
        return;
    } else {
        text_.assign(lines, begin);
    }
    if (text_.size() > most_behind) {
        count = most;
        text_.erase(0, last_lines(text_, count));
    }
}

std::string recent::as_json_members(std::string_view and_these) const {
    std::size_t newer = most;
    and_these.remove_prefix(last_lines(and_these, newer));
    std::size_t older = most - newer;
    const std::string_view taken(text_);
    std::string all;
    append_members(all, taken.substr(last_lines(taken, older)));
    append_members(all, and_these);
    return all;
}

}  // namespace gateway::outcome
