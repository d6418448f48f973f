#pragma once
// What a log may hold of a request that is not authenticated.

#include <string>
#include <string_view>

namespace gateway::pipeline {

// A canonical request as one line of a log: a JSON string, of at most 4 KiB before it is escaped, in which header
// values stand only where they can't be a secret.
[[nodiscard]] std::string loggable(std::string_view canonical_request);

}  // namespace gateway::pipeline
