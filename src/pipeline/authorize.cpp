// Step 5: whether the policy allows it, with which credential it goes out, and whether there is room for it.

#include "call.hpp"
#include "gateway/operations/servers.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

rejection call::authorize() {
    record_.decided = outcome::decision::denied;
    if (project_ != nullptr) {
        record_.account = project_->account;
        record_.region = project_->region;
    }
    policy::facts facts = facts_of(match_, space_->body, project_, static_cast<std::uint32_t>(caller_id_));
    policy::verdict verdict;
    rejection rejected = judge_policy(snapshot().rules, operations::servers_of(match_, space_->body), facts, verdict);
    record_.rule = verdict.rule;
    if (!verdict.shadow.empty()) {
        space_->shadow.assign(verdict.shadow_allows ? "allowed by " : "denied by ").append(verdict.shadow);
        record_.shadow = space_->shadow;
    }
    if (rejected) return rejected;

    rule_index_ = verdict.rule_index;
    credential_ = static_cast<credentials::credential_id>(verdict.credential_index);
    record_.decided = outcome::decision::allowed;
    return {};
}

rejection call::admit() {
    auto admitted = snapshot().admission.admit(rule_index_, static_cast<std::uint32_t>(caller_id_),
                                               std::chrono::steady_clock::now());
    if (!admitted.admitted) {
        record_.decided = outcome::decision::denied;
        return admitted.over_rate ? answers::over_rate(record_.rule, admitted.retry_after)
                                  : answers::too_many_in_flight(record_.rule, admitted.retry_after);
    }
    in_flight_ = std::move(admitted.hold);
    return {};
}

}  // namespace gateway::pipeline
