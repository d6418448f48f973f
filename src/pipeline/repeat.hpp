#pragma once
// The answer to a call that repeats a change, by the record of the first. Pure.

#include <optional>
#include <string_view>

#include "gateway/ledger/writes.hpp"
#include "gateway/pipeline/own_answer.hpp"

namespace gateway::pipeline {

// Nothing while the first is still being sent: it has to be waited for.
[[nodiscard]] std::optional<own_answer> answer_to_repeat(const ledger::repeat& first, std::string_view project_id);

}  // namespace gateway::pipeline
