#pragma once
// The life of the process: load, listen, serve, reload on SIGHUP, drain on SIGTERM or SIGINT.

#include <string>

namespace gateway::runtime {

// Serves by the configuration in that file until SIGTERM or SIGINT, then drains. Logs to standard error. The exit
// status: 0 after a drain that recorded everything, 1 when it could not start or lost outcome lines.
[[nodiscard]] int serve(const std::string& config_file);

}  // namespace gateway::runtime
