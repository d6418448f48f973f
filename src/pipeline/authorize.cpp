// Step 5: whether the policy allows it, and with which credential it goes out.

#include "call.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

rejection call::authorize() {
    record_.decided = outcome::decision::denied;
    if (project_ != nullptr) {
        record_.account = project_->account;
        record_.region = project_->region;
    }
    const policy::facts facts = facts_of(match_, space_->body, project_, static_cast<std::uint32_t>(caller_id_));
    policy::verdict verdict;
    rejection rejected = judge_policy(snapshot().rules, facts, verdict);
    record_.rule = verdict.rule;
    if (!verdict.shadow.empty()) {
        space_->shadow.assign(verdict.shadow_allows ? "allowed by " : "denied by ").append(verdict.shadow);
        record_.shadow = space_->shadow;
    }
    if (rejected) return rejected;

    auto admitted = snapshot().admission.admit(verdict.rule_index, facts.caller, std::chrono::steady_clock::now());
    if (!admitted.admitted) {
        return admitted.over_rate ? answers::over_rate(verdict.rule, admitted.retry_after)
                                  : answers::too_many_in_flight(verdict.rule, admitted.retry_after);
    }
    in_flight_ = std::move(admitted.hold);
    credential_ = static_cast<credentials::credential_id>(verdict.credential_index);
    record_.decided = outcome::decision::allowed;
    return {};
}

}  // namespace gateway::pipeline
