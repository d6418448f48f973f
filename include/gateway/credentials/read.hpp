#pragma once
// Reads secrets from where the configuration says that they are.

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/base/secret_text.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::credentials {

// What a source holds: a key (access key, secret key, token) is visible ASCII and nothing else, any other character in
// it is a copying mistake; a password may hold anything but control characters.
enum class secret_kind : std::uint8_t { key, password };

// Reads the text of a source: the environment variable, the file (one trailing newline is not part of it), the literal.
// Nothing and a problem in `problems` when it is missing, empty, unreadable, over 64 KiB or holds what its kind can't.
[[nodiscard]] std::optional<secret_text> read(const config::source& from, std::vector<config::problem>& problems,
                                              secret_kind kind = secret_kind::key);

// The text of a key that came from elsewhere; nothing when it is what no key can be.
[[nodiscard]] bool is_key(std::string_view text) noexcept;

// A whole small file. Nothing, and why in `wrong`, when it can't be read or is over 64 KiB.
[[nodiscard]] std::optional<secret_text> read_whole(const std::string& path, std::string& wrong);

}  // namespace gateway::credentials
