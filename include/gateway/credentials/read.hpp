#pragma once
// Reads secrets from the sources that the configuration names.

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
// Nothing, and a problem in `problems`, when it is missing, empty, unreadable, over 64 KiB or has a character that its
// kind can't have.
[[nodiscard]] std::optional<secret_text> read(const config::source& source, std::vector<config::problem>& problems,
                                              secret_kind kind = secret_kind::key);

// Whether a text may be a key, access key or token.
[[nodiscard]] bool is_key(std::string_view text) noexcept;

// A whole small file. Nothing, and why in `wrong`, when it can't be read or is over 64 KiB.
[[nodiscard]] std::optional<secret_text> read_whole(const std::string& path, std::string& wrong);

}  // namespace gateway::credentials
