#pragma once
// Reads and validates gateway.yaml. Its users see nothing of yaml-cpp.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"

namespace gateway::config {

struct loaded {
    settings values;                // of use only when ok()
    std::vector<problem> problems;  // all of them, in the order of the file, warnings among them

    [[nodiscard]] bool ok() const;  // no problem but warnings
};

// Reads the file at `path`. Never throws for the content of the file: an unreadable file, a syntax error or a wrong
// value is a problem in the answer. Relative paths in the file start at its folder. Does not read any secret.
[[nodiscard]] loaded load(const std::string& path);

// The same from text; `path` names it in problems and anchors relative paths.
[[nodiscard]] loaded parse(std::string_view yaml, const std::string& path);

// The PEM files that `settings` names and that can't be read, and an outcome log that is no file, one problem each.
// Apart from load(), which looks at nothing but the configuration itself.
[[nodiscard]] std::vector<problem> check_files(const config::settings& settings);

// "gateway.yaml:12:3: callers[0].secret_key: what" (without a location that is left out; a warning says so after the
// location)
[[nodiscard]] std::string describe(const config::problem& problem, std::string_view file);

}  // namespace gateway::config
