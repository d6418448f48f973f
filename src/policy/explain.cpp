// `explain` judges rule by rule and by names, as the file reads; it shares with `decide` only what a condition means.
// Tests hold the two against each other.

#include <algorithm>

#include "compiled.hpp"
#include "pattern.hpp"

namespace gateway::policy {

namespace {

using names = std::vector<std::string>;

// Long enough for any real flavor or id; what a caller sends can be a megabyte.
constexpr std::size_t longest_from_outside = 64;
constexpr std::size_t max_listed = 8;

std::string brief(std::string_view text) {
    if (text.size() <= longest_from_outside) return std::string(text);
    constexpr std::string_view dots = "...";
    std::size_t end = longest_from_outside - dots.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;  // not in the middle of a UTF-8 character
    return std::string(text.substr(0, end)).append(dots);
}

std::string listed(const names& all) {
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), max_listed); ++i) {
        if (i > 0) text += ", ";
        text += all[i];
    }
    if (all.size() > max_listed) text += " and " + std::to_string(all.size() - max_listed) + " more";
    return text;
}

std::string not_in(std::string_view kind, std::string_view name, const names& expected) {
    std::string text(kind);
    return text.append(" ").append(name).append(" is not in [").append(listed(expected)).append("]");
}

bool holds(const names& all, std::string_view name) { return std::find(all.begin(), all.end(), name) != all.end(); }

std::string flavor_not_among(const names& flavors, const operations::resize_request& asked) {
    if (flavors.empty()) return "it permits no flavor";
    return "flavor " + brief(asked.flavor) + " is not among " + listed(flavors);
}

// What the call asked for that an allow rule does not let through, and what it would.
std::string demand(condition failed, const config::resize_conditions& demands,
                   const operations::resize_request& asked) {
    switch (failed) {
        case condition::flavor:
            return flavor_not_among(*demands.flavors, asked);
        case condition::auto_pay:
            return "isAutoPay is true, and the rule does not permit paying; send false or leave it out";
        case condition::while_running:
            return "mode is withStopServer, and the rule does not permit stopping a running server; stop it first and "
                   "leave mode out";
        case condition::dedicated_host:
            if (demands.dedicated_hosts->empty())
                return "dedicated host " + brief(*asked.dedicated_host_id) + " is named, and none may be";
            return "dedicated host " + brief(*asked.dedicated_host_id) + " is not among " +
                   listed(*demands.dedicated_hosts);
        case condition::unknown_member:
            return asked.unknown_member + " is a member that the gateway does not know, so nothing of it was checked";
        case condition::dry_run:
            return demands.dry == config::dry_run::required
                       ? asked.dry_run.value_or(false)
                             ? "only dry runs are permitted, and over /v1/ the cloud may pass dry_run over; send it to "
                               "/v1.1/"
                             : "only dry runs are permitted; send dry_run true"
                       : "dry runs are not permitted; leave dry_run out";
        case condition::none:
            break;
    }
    return {};
}

// Why a resize is not one that a deny rule is about.
std::string difference(condition failed, const config::resize_conditions& described,
                       const operations::resize_request& asked) {
    switch (failed) {
        case condition::flavor:
            if (described.flavors->empty()) return "its list of flavors is empty";
            return flavor_not_among(*described.flavors, asked);
        case condition::auto_pay:
            return *described.auto_pay ? "the call does not have isAutoPay true" : "the call has isAutoPay true";
        case condition::while_running:
            return *described.while_running ? "the call does not have mode withStopServer"
                                            : "the call has mode withStopServer";
        case condition::dedicated_host:
            if (described.dedicated_hosts->empty()) return "the call names a dedicated host";
            return "the call names none of the dedicated hosts " + listed(*described.dedicated_hosts);
        case condition::dry_run:
            return described.dry == config::dry_run::required ? "the call is not a dry run" : "the call is a dry run";
        case condition::unknown_member:  // a rule that denies is about none
        case condition::none:
            break;
    }
    return {};
}

// Why the rule does not match; nothing when it does.
std::optional<std::string> mismatch(const config::rule& rule, const facts& call, std::string_view caller) {
    const std::string_view operation = name_of(call.operation);
    if (rule.callers && !holds(*rule.callers, caller)) return not_in("caller", caller, *rule.callers);
    if (rule.accounts && !holds(*rule.accounts, call.project->account))
        return not_in("account", call.project->account, *rule.accounts);
    if (rule.operations && !holds(*rule.operations, operation)) return not_in("operation", operation, *rule.operations);
    if (rule.servers && !matches_any(*rule.servers, call.server_id)) {
        if (call.server_id.empty())
            return "operation " + std::string(operation) + " names no server, the rule is for [" +
                   listed(*rule.servers) + "]";
        return not_in("server", brief(call.server_id), *rule.servers);
    }
    if (rule.effect == config::effect::deny && rule.resize) {
        if (call.operation != operations::operation_id::resize)
            return "the rule is about resizes, the operation is " + std::string(operation);
        const condition failed = first_difference(*rule.resize, call);
        if (failed != condition::none) return difference(failed, *rule.resize, *call.resize);
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

std::string_view name_of(operations::operation_id id) noexcept {
    for (const operations::operation& row : operations::table()) {
        if (row.id == id) return row.name;
    }
    return "unknown";
}

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
            const condition failed = allows && call.operation == operations::operation_id::resize
                                         ? first_failed_condition(rule.demands, call)
                                         : condition::none;
            const bool lets_through = allows && failed == condition::none;
            if (rule.text.shadow) {
                line.verdict = lets_through ? "shadow: would allow" : "shadow: would deny";
            } else {
                line.verdict = lets_through ? "decides: allowed" : "decides: denied";
                decider = &rule.text.name;
            }
            line.text = failed == condition::none ? "matches " + summary_of(call, compiled_->callers[call.caller])
                                                  : demand(failed, rule.demands, *call.resize);
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
    if (verdict.failed == condition::unknown_member) {  // begins with the pointer, as all that is wrong with a body
        return call.resize->unknown_member +
               ": the gateway does not know this member, so nothing of it was checked; leave it out, or have rule " +
               rule.text.name + " say resize: {unknown_members: allow}";
    }
    std::string text = "rule " + rule.text.name + " denies ";
    if (verdict.failed != condition::none && call.resize != nullptr)
        return text.append("it: ").append(demand(verdict.failed, rule.demands, *call.resize));
    text += summary_of(call, caller);
    if (rule.text.servers && !call.server_id.empty()) text.append(" for server ").append(brief(call.server_id));
    if (rule.text.resize && rule.text.resize->flavors && call.resize != nullptr)
        text.append(" to flavor ").append(brief(call.resize->flavor));
    return text;
}

}  // namespace gateway::policy
