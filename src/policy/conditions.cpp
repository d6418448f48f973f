#include <algorithm>

#include "compiled.hpp"
#include "pattern.hpp"

namespace gateway::policy {

namespace {

using config::dry_run;
using operations::resize_request;

bool pays(const resize_request& asked) noexcept { return asked.auto_pay.value_or(false); }

// dry_run is documented for the body of v1.1; over v1 the cloud may pass it over and resize.
bool is_surely_dry(const facts& asked) noexcept {
    return asked.resize->dry_run.value_or(false) && asked.api_version == "v1.1";
}
bool may_be_dry(const facts& asked) noexcept { return asked.resize->dry_run.value_or(false); }

// An empty id names no host.
bool names_a_host(const resize_request& asked) noexcept {
    return asked.dedicated_host_id && !asked.dedicated_host_id->empty();
}

bool names_one_of(const std::vector<std::string>& hosts, const resize_request& asked) noexcept {
    return names_a_host(asked) && std::find(hosts.begin(), hosts.end(), *asked.dedicated_host_id) != hosts.end();
}

// Of a rule that allows: what may be either satisfies neither demand.
bool has_demanded_dryness(dry_run wanted, const facts& asked) noexcept {
    if (wanted == dry_run::required) return is_surely_dry(asked);
    return wanted == dry_run::allowed || !may_be_dry(asked);
}

// Of a rule that denies: what may be either is what the rule is about.
bool has_described_dryness(dry_run described, const facts& asked) noexcept {
    if (described == dry_run::required) return may_be_dry(asked);
    return described == dry_run::allowed || !is_surely_dry(asked);
}

}  // namespace

condition first_failed_condition(const config::resize_conditions& demands, const facts& call) noexcept {
    const resize_request& asked = *call.resize;
    // First: what was not understood may change the sense of all the rest.
    if (!asked.unknown_member.empty() && !demands.unknown_members) return condition::unknown_member;
    if (demands.flavors && !matches_any(*demands.flavors, asked.flavor)) return condition::flavor;
    // The two that spend money or stop a running server need to be permitted in writing.
    if (pays(asked) && !demands.auto_pay.value_or(false)) return condition::auto_pay;
    if (asked.stops_running_server && !demands.while_running.value_or(false)) return condition::while_running;
    if (demands.dedicated_hosts && names_a_host(asked) && !names_one_of(*demands.dedicated_hosts, asked))
        return condition::dedicated_host;
    if (!has_demanded_dryness(demands.dry, call)) return condition::dry_run;
    return condition::none;
}

condition first_difference(const config::resize_conditions& described, const facts& call) noexcept {
    const resize_request& asked = *call.resize;
    if (described.flavors && !matches_any(*described.flavors, asked.flavor)) return condition::flavor;
    if (described.auto_pay && *described.auto_pay != pays(asked)) return condition::auto_pay;
    if (described.while_running && *described.while_running != asked.stops_running_server)
        return condition::while_running;
    if (described.dedicated_hosts) {
        const bool matches =
            described.dedicated_hosts->empty() ? !names_a_host(asked) : names_one_of(*described.dedicated_hosts, asked);
        if (!matches) return condition::dedicated_host;
    }
    if (!has_described_dryness(described.dry, call)) return condition::dry_run;
    return condition::none;
}

}  // namespace gateway::policy
