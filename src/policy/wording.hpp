#pragma once
// How the policy's sentences quote a call and the configuration: what a caller sends can be a megabyte, a list
// thousands of names.

#include <string>
#include <string_view>
#include <vector>

namespace gateway::policy {

// At most 64 bytes, which is more than any real flavor or id has; "..." at the end of what was longer. Cuts no UTF-8
// character in two. Not escaped.
[[nodiscard]] std::string brief(std::string_view text);

// "a, b, c": at most 8 names, then how many more there are.
[[nodiscard]] std::string listed(const std::vector<std::string>& all);

}  // namespace gateway::policy
