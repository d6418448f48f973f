// Step 2: which operation it is, by method and raw path.

#include "call.hpp"
#include "gateway/operations/query.hpp"
#include "gateway/pipeline/answers.hpp"
#include "trace.hpp"

namespace gateway::pipeline {

rejection call::match_operation() {
    if (caller_.rejected()) return answers::rejected_request(*caller_.rejected());

    const auto& head = caller_.head();
    if (const field* const trace = head.fields.find(message::known::traceparent))
        record_.trace_id = trace_id_of(trace->value);
    if (head.path == "*") return answers::server_options();
    const auto found = operations::match_path(head.method, head.path);
    if (!found) {
        const operations::mismatch& mismatch = found.error();
        if (mismatch.allow.empty()) return answers::no_operation(operations::path_problem(mismatch));
        return answers::wrong_method(mismatch.allow);
    }
    match_ = *found;
    record_.operation = match_.operation->name;
    record_.api_version = match_.api_version;
    record_.project_id = match_.project_id;
    record_.server_id = match_.server_id;
    record_.job_id = match_.job_id;
    if (caller_.body_was_left() && match_.operation->body == operations::body_kind::none)
        return answers::body_not_expected();
    if (!match_.operation->query && !head.query.empty()) return answers::query_not_expected();
    // What signers read differently is neither verified nor signed. (The path is literals and ids.)
    if (const std::string_view problem = operations::query_problem(head.query); !problem.empty())
        return answers::malformed_query(problem);
    return {};
}

}  // namespace gateway::pipeline
