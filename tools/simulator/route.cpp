#include "route.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace simulator {

namespace {

// A name in braces stands for any segment. Where two fit, the first is meant.
struct row {
    api to;
    service from;
    const char *name, *method, *path;
};

constexpr std::array<row, 13> rows{{
    {api::resize, service::ecs, "resize", "POST", "/v1.1/{project}/cloudservers/{id}/resize"},
    {api::resize, service::ecs, "resize", "POST", "/v1/{project}/cloudservers/{id}/resize"},
    {api::show_job, service::ecs, "show_job", "GET", "/v1/{project}/jobs/{id}"},
    {api::list_flavors, service::ecs, "list_resize_flavors", "GET", "/v1/{project}/cloudservers/resize_flavors"},
    {api::show_server, service::ecs, "show_server", "GET", "/v1/{project}/cloudservers/{id}"},
    {api::list_traces, service::cts, "list_traces", "GET", "/v3/{project}/traces"},
    {api::list_orders, service::bss, "list_orders", "GET", "/v2/orders/customer-orders"},
    {api::show_order, service::bss, "show_order", "GET", "/v2/orders/customer-orders/details/{id}"},
    // "suscriptions" is the cloud's own spelling.
    {api::list_order_resources, service::bss, "list_order_resources", "POST",
     "/v2/orders/suscriptions/resources/query"},
    {api::pay_order, service::bss, "pay_order", "POST", "/v3/orders/customer-orders/pay"},
    {api::cancel_order, service::bss, "cancel_order", "PUT", "/v2/orders/customer-orders/cancel"},
    {api::issue_token, service::iam, "issue_token", "POST", "/v3/auth/tokens"},
    {api::issue_pair, service::iam, "issue_pair", "POST", "/v3.0/OS-CREDENTIAL/securitytokens"},
}};

std::vector<std::string> segments(const std::string& path) {
    std::vector<std::string> parts;
    for (const char c : path) {
        if (c == '/')
            parts.emplace_back();
        else if (parts.empty())
            return {};
        else
            parts.back() += c;
    }
    return parts;
}

bool fits(const std::vector<std::string>& parts, const std::vector<std::string>& wanted, route& into) {
    if (parts.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].empty()) return false;
        if (wanted[i] == "{project}")
            into.project = parts[i];
        else if (wanted[i] == "{id}")
            into.id = parts[i];
        else if (wanted[i] != parts[i])
            return false;
    }
    return true;
}

}  // namespace

route read_route(const std::string& method, const std::string& path) {
    const auto parts = segments(path);
    if (parts.empty()) return {};
    for (const auto& r : rows) {
        route found{r.to, r.from, r.name, r.to == api::resize && parts.front() == "v1"};
        if (method == r.method && fits(parts, segments(r.path), found)) return found;
    }
    return {};
}

const char* name_of(service s) {
    switch (s) {
        case service::none:
            return "none";
        case service::ecs:
            return "ecs";
        case service::cts:
            return "cts";
        case service::bss:
            return "bss";
        case service::iam:
            break;
    }
    return "iam";
}

bool is_name(const std::string& of) {
    return std::any_of(rows.begin(), rows.end(), [&](const row& r) { return of == r.name || of == name_of(r.from); });
}

}  // namespace simulator
