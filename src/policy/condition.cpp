#include "gateway/policy/condition.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "gateway/policy/rules.hpp"
#include "pattern.hpp"
#include "wording.hpp"

namespace gateway::policy {

namespace {

using config::resize_conditions;

// First: what was not understood may change the sense of all the rest. A rule that denies can't hold it.
struct unknown_members {
    static bool permits(const resize_conditions& rule, const facts& call) noexcept {
        return rule.unknown_members || call.resize->unknown_member.empty();
    }
    // Begins with the pointer, as all that is wrong with a body.
    static std::string refusal(const resize_conditions&, const facts& call) {
        return call.resize->unknown_member + ": the gateway does not know this member, so nothing of it was checked";
    }
};

struct flavors {
    static bool permits(const resize_conditions& rule, const facts& call) noexcept {
        return !rule.flavors || matches_any(*rule.flavors, call.resize->flavor);
    }
    static std::string refusal(const resize_conditions& rule, const facts& call) {
        return rule.flavors->empty() ? "it permits no flavor" : not_among(*rule.flavors, call);
    }
    static bool describes(const resize_conditions& rule, const facts& call) noexcept { return permits(rule, call); }
    static std::string difference(const resize_conditions& rule, const facts& call) {
        return rule.flavors->empty() ? "its list of flavors is empty" : not_among(*rule.flavors, call);
    }

private:
    static std::string not_among(const std::vector<std::string>& permitted, const facts& call) {
        return "flavor " + brief(call.resize->flavor) + " is not among " + listed(permitted);
    }
};

// What spends money and what stops a running server need to be permitted in writing.
struct auto_pay {
    static bool permits(const resize_conditions& rule, const facts& call) noexcept {
        return rule.auto_pay.value_or(false) || !pays(call);
    }
    static std::string refusal(const resize_conditions&, const facts&) {
        return "isAutoPay is true, and the rule does not permit paying; send false or leave it out";
    }
    static bool describes(const resize_conditions& rule, const facts& call) noexcept {
        return !rule.auto_pay || *rule.auto_pay == pays(call);
    }
    static std::string difference(const resize_conditions& rule, const facts&) {
        return *rule.auto_pay ? "the call does not have isAutoPay true" : "the call has isAutoPay true";
    }

private:
    static bool pays(const facts& call) noexcept { return call.resize->auto_pay.value_or(false); }
};

struct while_running {
    static bool permits(const resize_conditions& rule, const facts& call) noexcept {
        return rule.while_running.value_or(false) || !call.resize->stops_running_server;
    }
    static std::string refusal(const resize_conditions&, const facts&) {
        return "mode is withStopServer, and the rule does not permit stopping a running server; stop it first and "
               "leave mode out";
    }
    static bool describes(const resize_conditions& rule, const facts& call) noexcept {
        return !rule.while_running || *rule.while_running == call.resize->stops_running_server;
    }
    static std::string difference(const resize_conditions& rule, const facts&) {
        return *rule.while_running ? "the call does not have mode withStopServer" : "the call has mode withStopServer";
    }
};

struct dedicated_hosts {
    static bool permits(const resize_conditions& rule, const facts& call) noexcept {
        return !rule.dedicated_hosts || !names_any(call) || names_one_of(*rule.dedicated_hosts, call);
    }
    static std::string refusal(const resize_conditions& rule, const facts& call) {
        const std::string named = "dedicated host " + brief(call.resize->dedicated_host_id);
        return rule.dedicated_hosts->empty() ? named + " is named, and none may be"
                                             : named + " is not among " + listed(*rule.dedicated_hosts);
    }
    static bool describes(const resize_conditions& rule, const facts& call) noexcept {
        if (!rule.dedicated_hosts) return true;
        return rule.dedicated_hosts->empty() ? !names_any(call) : names_one_of(*rule.dedicated_hosts, call);
    }
    static std::string difference(const resize_conditions& rule, const facts&) {
        return rule.dedicated_hosts->empty()
                   ? "the call names a dedicated host"
                   : "the call names none of the dedicated hosts " + listed(*rule.dedicated_hosts);
    }

private:
    static bool names_any(const facts& call) noexcept { return !call.resize->dedicated_host_id.empty(); }
    static bool names_one_of(const std::vector<std::string>& hosts, const facts& call) noexcept {
        return names_any(call) && std::find(hosts.begin(), hosts.end(), call.resize->dedicated_host_id) != hosts.end();
    }
};

// dry_run is documented for the body of v1.1; over v1 the cloud may pass it over and resize. What may be either
// satisfies no demand of a rule that allows, and is what a rule that denies is about.
struct dry_run {
    using demand = config::dry_run;
    static bool permits(const resize_conditions& rule, const facts& call) noexcept {
        if (rule.dry == demand::required) return is_sure(call);
        return rule.dry == demand::allowed || !is_possible(call);
    }
    static std::string refusal(const resize_conditions& rule, const facts& call) {
        if (rule.dry == demand::forbidden) return "dry runs are not permitted; leave dry_run out";
        if (!is_possible(call)) return "only dry runs are permitted; send dry_run true";
        return "only dry runs are permitted, and over /v1/ the cloud may pass dry_run over; send it to /v1.1/";
    }
    static bool describes(const resize_conditions& rule, const facts& call) noexcept {
        if (rule.dry == demand::required) return is_possible(call);
        return rule.dry == demand::allowed || !is_sure(call);
    }
    static std::string difference(const resize_conditions& rule, const facts&) {
        return rule.dry == demand::required ? "the call is not a dry run" : "the call is a dry run";
    }

private:
    static bool is_possible(const facts& call) noexcept { return call.resize->dry_run.value_or(false); }
    static bool is_sure(const facts& call) noexcept { return is_possible(call) && call.api_version == "v1.1"; }
};

template <class Row>
constexpr condition row(std::string_view key) {
    return {.key = key,
            .permits = Row::permits,
            .refusal = Row::refusal,
            .describes = Row::describes,
            .difference = Row::difference};
}

constexpr std::array table{
    condition{.key = "unknown_members",
              .permits = unknown_members::permits,
              .refusal = unknown_members::refusal,
              .blames_body = true},
    row<flavors>("flavors"),
    row<auto_pay>("auto_pay"),
    row<while_running>("while_running"),
    row<dedicated_hosts>("dedicated_hosts"),
    row<dry_run>("dry_run"),
};

// Row by row, each known when compiled: its function is called directly, and inlined. A loop takes 4 ns more, of a
// decision's 42.
template <std::size_t Row = 0>
const condition* find_unsatisfied(const resize_conditions& rule, const facts& call) noexcept {
    constexpr condition each = table[Row];
    if (!each.permits(rule, call)) return &table[Row];
    if constexpr (Row + 1 < table.size()) return find_unsatisfied<Row + 1>(rule, call);
    return nullptr;
}

}  // namespace

std::span<const condition> conditions() noexcept { return table; }

const condition* first_unsatisfied(const resize_conditions& rule, const facts& call) noexcept {
    return find_unsatisfied(rule, call);
}

const condition* first_difference(const resize_conditions& rule, const facts& call) noexcept {
    for (const condition& each : table) {
        if (each.describes != nullptr && !each.describes(rule, call)) return &each;
    }
    return nullptr;
}

}  // namespace gateway::policy
