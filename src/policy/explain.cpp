// `explain` judges rule by rule and by names, as the file reads; it shares with `decide` only what a condition means.
// Tests hold the two against each other.

#include <algorithm>

#include "compiled.hpp"
#include "pattern.hpp"
#include "wording.hpp"

namespace gateway::policy {

namespace {

using names = std::vector<std::string>;

std::string not_in(std::string_view kind, std::string_view name, const names& expected) {
    std::string text(kind);
    return text.append(" ").append(name).append(" is not in [").append(listed(expected)).append("]");
}

bool holds(const names& all, std::string_view name) { return std::find(all.begin(), all.end(), name) != all.end(); }

names names_of(const std::vector<operations::operation_id>& ids) {
    names all;
    for (const operations::operation_id id : ids)
        all.emplace_back(name_of(id));
    return all;
}

// Why the rule does not match; nothing when it does.
std::optional<std::string> mismatch(const config::rule& rule, const facts& call, std::string_view caller) {
    const std::string_view operation = name_of(call.operation);
    if (rule.callers && !holds(*rule.callers, caller)) return not_in("caller", caller, *rule.callers);
    if (rule.accounts && !holds(*rule.accounts, call.project->account))
        return not_in("account", call.project->account, *rule.accounts);
    if (rule.operations) {
        const names permitted = names_of(*rule.operations);
        if (!holds(permitted, operation)) return not_in("operation", operation, permitted);
    }
    if (rule.servers && !matches_any(*rule.servers, call.server_id)) {
        if (call.server_id.empty())
            return "operation " + std::string(operation) + " names no server, the rule is for [" +
                   listed(*rule.servers) + "]";
        return not_in("server", brief(call.server_id), *rule.servers);
    }
    if (rule.effect == config::effect::deny && rule.resize) {
        if (call.operation != operations::operation_id::resize)
            return "the rule is about resizes, the operation is " + std::string(operation);
        if (const condition* const other = first_difference(*rule.resize, call))
            return other->difference(*rule.resize, call);
    }
    return std::nullopt;
}

std::string summary_of(const facts& call, std::string_view caller) {
    std::string text = "caller ";
    return text.append(caller)
        .append(" operation ")
        .append(name_of(call.operation))
        .append(" on account ")
        .append(call.project->account);
}

}  // namespace

std::vector<reason> rules::explain(const facts& call) const {
    std::vector<reason> lines;
    const std::string* decider = nullptr;
    for (const compiled_rule& rule : compiled_->rules) {
        reason line{.rule = rule.text.name, .verdict = "no match", .text = {}};
        if (!complete(call)) {
            line.text = call.project == nullptr ? "the project is in no account" : "the resize itself is not known";
        } else if (decider != nullptr && !rule.text.shadow) {
            line.verdict = "not reached";
            line.text = "rule " + *decider + " decides";
        } else if (auto difference = mismatch(rule.text, call, compiled_->callers[call.caller])) {
            line.text = std::move(*difference);
        } else {
            const bool allows = rule.text.effect == config::effect::allow;
            const condition* const failed = allows && call.operation == operations::operation_id::resize
                                                ? first_unsatisfied(rule.resize, call)
                                                : nullptr;
            const bool lets_through = allows && failed == nullptr;
            if (rule.text.shadow) {
                line.verdict = lets_through ? "shadow: would allow" : "shadow: would deny";
            } else {
                line.verdict = lets_through ? "decides: allowed" : "decides: denied";
                decider = &rule.text.name;
            }
            line.text = failed == nullptr ? "matches " + summary_of(call, compiled_->callers[call.caller])
                                          : failed->refusal(rule.resize, call);
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string rules::denial(const policy::verdict& verdict, const facts& call) const {
    if (call.project == nullptr) return "the project is in no account";
    const std::string_view caller = compiled_->callers[call.caller];
    if (verdict.rule.empty()) return "no rule allows " + summary_of(call, caller);
    const compiled_rule& rule = compiled_->rules[verdict.rule_index];
    std::string text = "rule " + rule.text.name + " denies ";
    if (verdict.failed != nullptr) {
        std::string refusal = verdict.failed->refusal(rule.resize, call);
        if (!verdict.failed->blames_body) return text.append("it: ").append(refusal);
        return refusal.append("; leave it out, or have rule ")
            .append(rule.text.name)
            .append(" say resize: {")
            .append(verdict.failed->key)
            .append(": allow}");
    }
    text += summary_of(call, caller);
    if (rule.text.servers && !call.server_id.empty()) text.append(" for server ").append(brief(call.server_id));
    if (rule.text.resize && rule.text.resize->flavors && call.resize != nullptr)
        text.append(" to flavor ").append(brief(call.resize->flavor));
    return text;
}

}  // namespace gateway::policy
