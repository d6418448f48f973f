#include <algorithm>

#include "compiled.hpp"
#include "pattern.hpp"

namespace gateway::policy {

namespace {

using config::dry_run;
using operations::resize_request;

bool pays(const resize_request& asked) noexcept { return asked.auto_pay.value_or(false); }

bool is_dry_run(const resize_request& asked) noexcept { return asked.dry_run.value_or(false); }

// An empty id names no host.
bool names_a_host(const resize_request& asked) noexcept {
    return asked.dedicated_host_id && !asked.dedicated_host_id->empty();
}

bool names_one_of(const std::vector<std::string>& hosts, const resize_request& asked) noexcept {
    return names_a_host(asked) && std::find(hosts.begin(), hosts.end(), *asked.dedicated_host_id) != hosts.end();
}

bool right_dryness(dry_run wanted, const resize_request& asked) noexcept {
    return wanted == dry_run::allowed || (wanted == dry_run::required) == is_dry_run(asked);
}

}  // namespace

failed first_failed(const config::resize_conditions& demands, const resize_request& asked) noexcept {
    if (demands.flavors && !matches_any(*demands.flavors, asked.flavor)) return failed::flavor;
    // The two that spend money or stop a running server need to be permitted in writing.
    if (pays(asked) && !demands.auto_pay.value_or(false)) return failed::auto_pay;
    if (asked.stops_running_server && !demands.while_running.value_or(false)) return failed::while_running;
    if (demands.dedicated_hosts && names_a_host(asked) && !names_one_of(*demands.dedicated_hosts, asked))
        return failed::dedicated_host;
    if (!right_dryness(demands.dry, asked)) return failed::dry_run;
    return failed::nothing;
}

failed first_difference(const config::resize_conditions& about, const resize_request& asked) noexcept {
    if (about.flavors && !matches_any(*about.flavors, asked.flavor)) return failed::flavor;
    if (about.auto_pay && *about.auto_pay != pays(asked)) return failed::auto_pay;
    if (about.while_running && *about.while_running != asked.stops_running_server) return failed::while_running;
    if (about.dedicated_hosts) {
        const bool described =
            about.dedicated_hosts->empty() ? !names_a_host(asked) : names_one_of(*about.dedicated_hosts, asked);
        if (!described) return failed::dedicated_host;
    }
    if (!right_dryness(about.dry, asked)) return failed::dry_run;
    return failed::nothing;
}

}  // namespace gateway::policy
