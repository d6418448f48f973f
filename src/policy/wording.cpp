#include "wording.hpp"

#include <algorithm>
#include <cstddef>

namespace gateway::policy {

namespace {

constexpr std::size_t max_quoted = 64;
constexpr std::size_t max_listed = 8;

}  // namespace

std::string brief(std::string_view text) {
    if (text.size() <= max_quoted) return std::string(text);
    constexpr std::string_view dots = "...";
    std::size_t end = max_quoted - dots.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return std::string(text.substr(0, end)).append(dots);
}

std::string listed(const std::vector<std::string>& all) {
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), max_listed); ++i) {
        if (i > 0) text += ", ";
        text += all[i];
    }
    if (all.size() > max_listed) text += " and " + std::to_string(all.size() - max_listed) + " more";
    return text;
}

}  // namespace gateway::policy
