#pragma once
// Steps 2, 4 and 5 of a call as pure functions: which operation a request names, what its body asks for, and what the
// policy says of it. A call takes them one by one, since its caller has to prove who it is in between; `explain` takes
// them all by judge(). The answers are those of docs/answers.md.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/config/settings.hpp"
#include "gateway/ledger/records.hpp"
#include "gateway/operations/body.hpp"
#include "gateway/operations/match.hpp"
#include "gateway/pipeline/rejection.hpp"
#include "gateway/policy/rules.hpp"

namespace gateway::pipeline {

// A request as it came, as far as it is judged.
struct judged_request {
    std::string_view method;
    std::string_view path;
    std::string_view query;
    std::optional<std::string_view> content_type;  // nothing: it has no such field
    std::string_view body;
};

// Step 2. `matched` is filled in where there is an operation of that method and path, also where its query is refused.
// `has_unread_body`: a body follows that was not read.
[[nodiscard]] rejection judge_target(const judged_request& request, bool has_unread_body, operations::match& matched);

// Step 4. Tells which operation it is where several have the path. The body is of use only when nothing comes back.
[[nodiscard]] rejection judge_body(const judged_request& request, operations::match& matched,
                                   operations::body_reader& reader, operations::body& body);

// What the policy is asked, once the body was read. Views into all three. `project`: that of the path, may be nullptr.
[[nodiscard]] policy::facts facts_of(const operations::match& matched, const operations::body& body,
                                     const policy::project* project, std::uint32_t caller) noexcept;

// Step 5, without rates and calls in flight (policy::admission), for each of `servers` or, where there is none, for the
// call as a whole: one that is not allowed denies it all. `facts` and `decided` are of the last that was judged; the
// latter is filled in where the project is known.
[[nodiscard]] rejection judge_policy(const policy::rules& rules, std::span<const std::string_view> servers,
                                     policy::facts& facts, policy::verdict& decided);

// Whether the call changes something at the cloud, so that it is recorded. A dry run over /v1/ does: the cloud may
// ignore the member there.
[[nodiscard]] bool changes_something(const operations::match& matched, const operations::body& body) noexcept;

// What the ledger is to record of such a call, as far as the request and the policy say: without its id, its time, and
// who sent it with which key or signature.
[[nodiscard]] ledger::change_request change_of(const operations::match& matched, const operations::body& body,
                                               const policy::project& project, const config::rule& rule);

// How far a request came, and why no further.
struct judgement {
    operations::match matched;           // no candidates: no operation
    operations::body body;               // nothing where the operation has none, or where it was not taken
    std::optional<policy::facts> facts;  // what the policy was asked; views into what is here and into the request
    policy::verdict decided;             // of use where there are facts and a project
    rejection rejected;                  // nothing: it may go to the cloud
};

// Judges the request as a call of `caller`, by its place in the configuration's list. `output` must stay where it is
// while it is used.
void judge(const judged_request& request, std::uint32_t caller, const policy::rules& rules, judgement& output);

}  // namespace gateway::pipeline
