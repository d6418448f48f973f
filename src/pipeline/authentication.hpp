#pragma once
// The texts for the caller and for the log of a call that is not authenticated.

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/callers/auth_failure.hpp"
#include "gateway/pipeline/own_answer.hpp"

namespace gateway::pipeline {

// One answer for all causes, but those that the caller can do something about and that help no guesser.
[[nodiscard]] own_answer answer_to(callers::auth_failure failure, std::chrono::sys_seconds now);

// A canonical request as one line of a log: a JSON string, of at most 4 KiB before it is escaped, in which header
// values stand only where they can't be a secret.
[[nodiscard]] std::string loggable(std::string_view canonical_request);

}  // namespace gateway::pipeline
