#include "pattern.hpp"

#include <algorithm>
#include <cstddef>

namespace gateway::policy {

bool matches(std::string_view pattern, std::string_view text) noexcept {
    constexpr std::size_t none = std::string_view::npos;
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = none;    // the last one passed
    std::size_t resume = none;  // where in the text what follows that star was last tried
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            if (p == pattern.size()) return true;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != none) {
            // An earlier star need not be tried: whatever it could swallow more, this one can swallow as well.
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == none;
}

bool matches_any(std::span<const std::string> patterns, std::string_view text) noexcept {
    return std::any_of(patterns.begin(), patterns.end(),
                       [text](const std::string& pattern) { return matches(pattern, text); });
}

}  // namespace gateway::policy
