// Step 2: which operation it is, by method and raw path.

#include "call.hpp"
#include "gateway/pipeline/answers.hpp"
#include "gateway/upstream/trace.hpp"

namespace gateway::pipeline {

rejection call::match_operation() {
    if (caller_.rejected()) return answers::rejected_request(*caller_.rejected());

    if (const field* const trace = caller_.head().fields.find(message::known::traceparent))
        record_.trace_id = upstream::trace_id_of(trace->value);
    rejection rejected = judge_target(request(), caller_.body_was_left(), match_);
    if (match_.operation != nullptr) record_.operation = match_.operation->name;
    record_.api_version = match_.api_version;
    record_.project_id = match_.project_id;
    record_.server_id = match_.server_id;
    record_.job_id = match_.job_id;
    return rejected;
}

judged_request call::request() const {
    const auto& head = caller_.head();
    const field* const type = head.fields.find(message::known::content_type);
    return {.method = head.method,
            .path = head.path,
            .query = head.query,
            .content_type = type != nullptr ? std::optional(type->value) : std::nullopt,
            .body = caller_.body()};
}

}  // namespace gateway::pipeline
