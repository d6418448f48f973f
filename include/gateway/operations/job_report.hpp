#pragma once
// How the cloud says that a job stands. Source: ECS API reference, "Querying the Task Execution Status".

#include <optional>
#include <string>
#include <string_view>

namespace gateway::operations {

struct job_report {
    std::string status;         // as the cloud spells it: "SUCCESS", "FAIL", "RUNNING", …
    std::string code, message;  // why it failed; empty where the answer does not say
};

// Nothing where the body is no such answer.
[[nodiscard]] std::optional<job_report> read_job_report(std::string_view body);

}  // namespace gateway::operations
