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
constexpr std::size_t most_listed = 8;

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
    for (std::size_t i = 0; i < std::min(all.size(), most_listed); ++i) {
        if (i > 0) text += ", ";
        text += all[i];
    }
    if (all.size() > most_listed) text += " and " + std::to_string(all.size() - most_listed) + " more";
    return text;
}

std::string not_in(std::string_view kind, std::string_view name, const names& of) {
    std::string text(kind);
    return text.append(" ").append(name).append(" is not in [").append(listed(of)).append("]");
}

bool holds(const names& all, std::string_view name) { return std::find(all.begin(), all.end(), name) != all.end(); }

std::string flavor_not_among(const names& flavors, const operations::resize_request& asked) {
    if (flavors.empty()) return "it permits no flavor";
    return "flavor " + brief(asked.flavor) + " is not among " + listed(flavors);
}

// What the call asked for that an allow rule does not let through, and what it would.
std::string demand(failed what, const config::resize_conditions& demands, const operations::resize_request& asked) {
    switch (what) {
        case failed::flavor:
            return flavor_not_among(*demands.flavors, asked);
        case failed::auto_pay:
            return "isAutoPay is true, and the rule does not permit paying; send false or leave it out";
        case failed::while_running:
            return "mode is withStopServer, and the rule does not permit stopping a running server; stop it first and "
                   "leave mode out";
        case failed::dedicated_host:
            if (demands.dedicated_hosts->empty())
                return "dedicated host " + brief(*asked.dedicated_host_id) + " is named, and none may be";
            return "dedicated host " + brief(*asked.dedicated_host_id) + " is not among " +
                   listed(*demands.dedicated_hosts);
        case failed::unknown_member:
            return asked.unknown_member + " is a member that the gateway does not know, so nothing of it was checked";
        case failed::dry_run:
            return demands.dry == config::dry_run::required
                       ? asked.dry_run.value_or(false)
                             ? "only dry runs are permitted, and over /v1/ the cloud may pass dry_run over; send it to "
                               "/v1.1/"
                             : "only dry runs are permitted; send dry_run true"
                       : "dry runs are not permitted; leave dry_run out";
        case failed::nothing:
            break;
    }
    return {};
}

// Why a resize is not one that a deny rule is about.
std::string difference(failed what, const config::resize_conditions& about, const operations::resize_request& asked) {
    switch (what) {
        case failed::flavor:
            if (about.flavors->empty()) return "its list of flavors is empty";
            return flavor_not_among(*about.flavors, asked);
        case failed::auto_pay:
            return *about.auto_pay ? "the call does not have isAutoPay true" : "the call has isAutoPay true";
        case failed::while_running:
            return *about.while_running ? "the call does not have mode withStopServer"
                                        : "the call has mode withStopServer";
        case failed::dedicated_host:
            if (about.dedicated_hosts->empty()) return "the call names a dedicated host";
            return "the call names none of the dedicated hosts " + listed(*about.dedicated_hosts);
        case failed::dry_run:
            return about.dry == config::dry_run::required ? "the call is not a dry run" : "the call is a dry run";
        case failed::unknown_member:  // a rule that denies is about none
        case failed::nothing:
            break;
    }
    return {};
}

// Why the rule does not match; nothing when it does.
std::optional<std::string> mismatch(const config::rule& rule, const facts& about, std::string_view caller) {
    const std::string_view operation = name_of(about.operation);
    if (rule.callers && !holds(*rule.callers, caller)) return not_in("caller", caller, *rule.callers);
    if (rule.accounts && !holds(*rule.accounts, about.where->account))
        return not_in("account", about.where->account, *rule.accounts);
    if (rule.operations && !holds(*rule.operations, operation)) return not_in("operation", operation, *rule.operations);
    if (rule.servers && !matches_any(*rule.servers, about.server_id)) {
        if (about.server_id.empty())
            return "operation " + std::string(operation) + " names no server, the rule is for [" +
                   listed(*rule.servers) + "]";
        return not_in("server", brief(about.server_id), *rule.servers);
    }
    if (rule.does == config::effect::deny && rule.resize) {
        if (about.operation != operations::id::resize)
            return "the rule is about resizes, the operation is " + std::string(operation);
        const failed what = first_difference(*rule.resize, about);
        if (what != failed::nothing) return difference(what, *rule.resize, *about.resize);
    }
    return std::nullopt;
}

std::string who_what_where(const facts& about, std::string_view caller) {
    std::string text = "caller ";
    return text.append(caller)
        .append(" operation ")
        .append(name_of(about.operation))
        .append(" on account ")
        .append(about.where->account);
}

}  // namespace

std::string_view name_of(operations::id which) noexcept {
    for (const operations::operation& row : operations::table()) {
        if (row.is == which) return row.name;
    }
    return "unknown";
}

std::vector<reason> rules::explain(const facts& about) const {
    std::vector<reason> lines;
    const std::string* decider = nullptr;
    for (const compiled_rule& rule : compiled_->rules) {
        reason line{.rule = rule.text.name, .verdict = "no match", .why = {}};
        if (!complete(about)) {
            line.why = about.where == nullptr ? "the project is in no account" : "the resize itself is not known";
        } else if (decider != nullptr && !rule.text.shadow) {
            line.verdict = "not reached";
            line.why = "rule " + *decider + " decides";
        } else if (auto why = mismatch(rule.text, about, compiled_->callers[about.caller])) {
            line.why = std::move(*why);
        } else {
            const bool allows = rule.text.does == config::effect::allow;
            const failed what = allows && about.operation == operations::id::resize ? first_failed(rule.demands, about)
                                                                                    : failed::nothing;
            const bool lets_through = allows && what == failed::nothing;
            if (rule.text.shadow) {
                line.verdict = lets_through ? "shadow: would allow" : "shadow: would deny";
            } else {
                line.verdict = lets_through ? "decides: allowed" : "decides: denied";
                decider = &rule.text.name;
            }
            line.why = what == failed::nothing ? "matches " + who_what_where(about, compiled_->callers[about.caller])
                                               : demand(what, rule.demands, *about.resize);
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string rules::denial(const decision& because, const facts& about) const {
    if (about.where == nullptr) return "the project is in no account";
    const std::string_view caller = compiled_->callers[about.caller];
    if (because.rule.empty()) return "no rule allows " + who_what_where(about, caller);
    const compiled_rule& rule = compiled_->rules[because.rule_index];
    if (because.what == failed::unknown_member) {  // begins with the pointer, as all that is wrong with a body
        return about.resize->unknown_member +
               ": the gateway does not know this member, so nothing of it was checked; leave it out, or have rule " +
               rule.text.name + " say resize: {unknown_members: allow}";
    }
    std::string text = "rule " + rule.text.name + " denies ";
    if (because.what != failed::nothing && about.resize != nullptr)
        return text.append("it: ").append(demand(because.what, rule.demands, *about.resize));
    text += who_what_where(about, caller);
    if (rule.text.servers && !about.server_id.empty()) text.append(" for server ").append(brief(about.server_id));
    if (rule.text.resize && rule.text.resize->flavors && about.resize != nullptr)
        text.append(" to flavor ").append(brief(about.resize->flavor));
    return text;
}

}  // namespace gateway::policy
