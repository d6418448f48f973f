#pragma once
// Patterns of rules, as in a file name: * is any run of characters, ? any one character; all else is itself.

#include <span>
#include <string>
#include <string_view>

namespace gateway::policy {

// At most pattern.size() * text.size() steps, whatever the stars: only the last star is ever tried again.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text) noexcept;

[[nodiscard]] bool matches_any(std::span<const std::string> patterns, std::string_view text) noexcept;

[[nodiscard]] inline bool is_pattern(std::string_view text) noexcept {
    return text.find_first_of("*?") != std::string_view::npos;
}

}  // namespace gateway::policy
