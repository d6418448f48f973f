#include "gateway/outcome/recent.hpp"

#include <algorithm>
#include <cstring>

namespace gateway::outcome {

namespace {

constexpr std::size_t max_exchanged = 1024 * 1024;  // bytes of memory that are exchanged, and so kept

// Where the last `count` lines begin. `count` becomes how many there are.
std::size_t last_lines(std::string_view text, std::size_t& count) {
    std::size_t begin = text.size(), found = 0;
    for (; begin > 0 && found < count; ++found) {
        // Not rfind(), which looks at each byte.
        const void* const before = begin < 2 ? nullptr : ::memrchr(text.data(), '\n', begin - 1);
        begin = before == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(before) - text.data()) + 1;
    }
    count = found;
    return begin;
}

void append_members(std::string& out, std::string_view lines) {
    while (!lines.empty()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        if (!out.empty()) out += ',';
        out += lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
}

}  // namespace

void recent::take(std::string& lines, std::size_t count) {
    if (count == 0) return;
    if (pieces_[newest_].lines >= full) {
        newest_ = (newest_ + 1) % pieces_.size();
        pieces_[newest_].text.clear();
        pieces_[newest_].lines = 0;
    }
    piece& target = pieces_[newest_];
    const bool fits = lines.capacity() <= max_exchanged;
    if (fits && target.lines == 0 && count >= full) {
        target.text.swap(lines);
    } else if (fits) {
        target.text += lines;
    } else {  // of a log that was stuck
        count = max_lines;
        target.text.append(lines, last_lines(lines, count));
    }
    target.lines += count;
}

std::string recent::as_json_members(std::string_view newer_lines) const {
    std::size_t newer = max_lines;
    newer_lines.remove_prefix(last_lines(newer_lines, newer));
    std::size_t older = max_lines - newer;
    std::size_t pieces = 0;  // that hold as many
    for (std::size_t lines = 0; lines < older && pieces < pieces_.size(); ++pieces)
        lines += pieces_[(newest_ + pieces_.size() - pieces) % pieces_.size()].lines;
    std::string taken;
    while (pieces-- > 0)
        taken += pieces_[(newest_ + pieces_.size() - pieces) % pieces_.size()].text;
    std::string all;
    append_members(all, std::string_view(taken).substr(last_lines(taken, older)));
    append_members(all, newer_lines);
    return all;
}

}  // namespace gateway::outcome
