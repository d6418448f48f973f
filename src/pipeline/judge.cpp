#include "gateway/pipeline/judge.hpp"

#include <algorithm>
#include <chrono>
#include <variant>

#include "gateway/operations/media_type.hpp"
#include "gateway/operations/query.hpp"
#include "gateway/operations/servers.hpp"
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
            .server_id = {},
            .resize = is_resize ? std::get_if<operations::resize_request>(&body) : nullptr,
            .api_version = matched.api_version};
}

rejection judge_policy(const policy::rules& rules, std::span<const std::string_view> servers, policy::facts& facts,
                       policy::verdict& decided) {
    if (facts.project == nullptr) return answers::unknown_project();
    std::optional<std::uint32_t> first_rule;
    const std::size_t judged = std::max<std::size_t>(servers.size(), 1);
    for (std::size_t i = 0; i < judged; ++i) {
        if (!servers.empty()) facts.server_id = servers[i];
        decided = rules.decide(facts);
        if (!decided.allowed) {
            const bool blames_body = decided.failed != nullptr && decided.failed->blames_body;
            return blames_body ? answers::unknown_member(rules.denial(decided, facts))
                               : answers::denied(rules.denial(decided, facts));
        }
        // A rule's credential, rate, and what else it says hold for the whole call.
        if (first_rule.value_or(decided.rule_index) != decided.rule_index)
            return answers::denied("its servers fall under different rules: send a call of its own for each");
        first_rule = decided.rule_index;
    }
    return {};
}

bool changes_something(const operations::match& matched, const operations::body& body) noexcept {
    const auto* const resize = std::get_if<operations::resize_request>(&body);
    const bool is_dry = resize != nullptr && resize->dry_run == true && matched.api_version == "v1.1";
    return matched.operation->changes_something && !is_dry;
}

ledger::change_request change_of(const operations::match& matched, const operations::body& body,
                                 const policy::project& project, const config::rule& rule) {
    ledger::change_request request;
    request.identity.account = project.account;
    request.operation = matched.operation->name;
    request.project_id = matched.project_id;
    request.region = project.region;
    request.rule = rule.name;
    request.holds_server = matched.operation->holds_servers;
    for (const std::string_view server : operations::servers_of(matched, body))
        request.server_ids.emplace_back(server);
    if (const auto* const resize = std::get_if<operations::resize_request>(&body)) {
        request.flavor = resize->flavor;
        request.auto_pay = resize->auto_pay;
    }
    if (rule.rate)
        request.rate = ledger::rate_limit{rule.rate->calls, std::chrono::ceil<std::chrono::seconds>(rule.rate->per)};
    return request;
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
    output.rejected =
        judge_policy(rules, operations::servers_of(output.matched, output.body), *output.facts, output.decided);
}

}  // namespace gateway::pipeline
