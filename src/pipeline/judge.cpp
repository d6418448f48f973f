#include "gateway/pipeline/judge.hpp"

#include <variant>

#include "gateway/operations/media_type.hpp"
#include "gateway/operations/query.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

rejection judge_target(const judged_request& request, bool has_unread_body, operations::match& matched) {
    if (request.path == "*") return answers::server_options();
    const auto found = operations::match_path(request.method, request.path);
    if (!found) {
        const operations::mismatch& mismatch = found.error();
        if (mismatch.allow.empty()) return answers::no_operation(operations::path_problem(mismatch));
        return answers::wrong_method(mismatch.allow);
    }
    matched = *found;
    const operations::operation& first = matched.candidates.front();
    if (has_unread_body && first.body == operations::body_kind::none) return answers::body_not_expected();
    if (!first.query && !request.query.empty()) return answers::query_not_expected();
    // What signers read differently is neither verified nor signed. (The path is literals and ids.)
    if (const std::string_view problem = operations::query_problem(request.query); !problem.empty())
        return answers::malformed_query(problem);
    return {};
}

rejection judge_body(const judged_request& request, operations::match& matched, operations::body_reader& reader,
                     operations::body& body) {
    if (matched.candidates.front().body == operations::body_kind::none) {
        if (request.body.empty()) return {};
        return answers::body_not_expected();
    }
    if (request.content_type && !operations::is_json_in_utf8(*request.content_type)) return answers::wrong_media_type();
    const auto found = reader.read(matched.candidates, request.body, body);
    if (!found) return answers::bad_body(found.error().pointer, found.error().message);
    matched.operation = *found;
    return {};
}

policy::facts facts_of(const operations::match& matched, const operations::body& body, const policy::project* project,
                       std::uint32_t caller) noexcept {
    const bool is_resize = matched.operation->body == operations::body_kind::resize;
    return {.caller = caller,
            .project = project,
            .operation = matched.operation->id,
            .server_id = matched.server_id,
            .resize = is_resize ? std::get_if<operations::resize_request>(&body) : nullptr,
            .api_version = matched.api_version};
}

rejection judge_policy(const policy::rules& rules, const policy::facts& facts, policy::verdict& decided) {
    if (facts.project == nullptr) return answers::unknown_project();
    decided = rules.decide(facts);
    if (decided.allowed) return {};
    if (decided.failed != nullptr && decided.failed->blames_body)
        return answers::unknown_member(rules.denial(decided, facts));
    return answers::denied(rules.denial(decided, facts));
}

bool changes_something(const operations::match& matched, const operations::body& body) noexcept {
    const auto* const resize = std::get_if<operations::resize_request>(&body);
    const bool is_dry = resize != nullptr && resize->dry_run == true && matched.api_version == "v1.1";
    return matched.operation->changes_something && !is_dry;
}

void judge(const judged_request& request, std::uint32_t caller, const policy::rules& rules, judgement& output) {
    output = {};
    output.rejected = judge_target(request, false, output.matched);
    if (output.rejected) return;
    operations::body_reader reader;
    output.rejected = judge_body(request, output.matched, reader, output.body);
    if (output.rejected) {
        output.body = {};
        return;
    }
    output.facts = facts_of(output.matched, output.body, rules.find_project(output.matched.project_id), caller);
    output.rejected = judge_policy(rules, *output.facts, output.decided);
}

}  // namespace gateway::pipeline
