#pragma once
// The configuration as commands read it.

#include <string>

#include "command.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::cli {

// Throws `gave_up` where the file has problems, after printing each on `err`.
[[nodiscard]] config::settings load_settings(const std::string& file, const streams& io);

}  // namespace gateway::cli
