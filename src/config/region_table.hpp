#pragma once
// The regions that are known without being configured, as the cloud's SDKs list them. `regions` in the file changes or
// adds to them.

#include <functional>
#include <map>
#include <string>

#include "gateway/config/settings.hpp"

namespace gateway::config {

[[nodiscard]] std::map<std::string, region, std::less<>> built_in_regions();

// What serves a region that has no IAM endpoint of its own.
[[nodiscard]] endpoint global_iam();

}  // namespace gateway::config
