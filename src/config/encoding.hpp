#pragma once
// The bytes of the file as UTF-8. What the file says is shown in logs, metrics and /config, which are UTF-8: one wrong
// byte would make a whole page of them unreadable.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"

namespace gateway::config {

// The text, without a byte order mark of UTF-8. A byte that is not UTF-8 becomes U+FFFD, and the first of them is a
// warning with its place; columns count characters. A file in UTF-16 or UTF-32 is a problem, and the text of no use.
[[nodiscard]] std::string read_as_utf8(std::string_view bytes, std::vector<problem>& problems);

}  // namespace gateway::config
