#pragma once
// The process's own log: standard error, one line an event.

#include <spdlog/common.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"

namespace gateway::runtime {

void log_to_stderr();
[[nodiscard]] spdlog::level::level_enum level_of(config::log_level level);
// Each problem of the configuration in that file.
void report(const std::vector<config::problem>& problems, const std::string& file);
// A path may hold bytes that are not UTF-8, and control characters.
[[nodiscard]] std::string log_text(std::string_view text);
// Whether what is written to that descriptor is kept nowhere.
[[nodiscard]] bool is_discarded(int descriptor);

}  // namespace gateway::runtime
