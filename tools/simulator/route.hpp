#pragma once
// Which API a request is for. A path names whole segments; nothing in it is decoded.

#include <string>

namespace simulator {

enum class service { none, ecs, cts, bss, iam };

enum class api {
    none,
    resize,
    show_job,
    show_server,
    list_flavors,
    list_traces,
    list_orders,
    show_order,
    list_order_resources,
    pay_order,
    cancel_order,
    issue_token,
    issue_pair
};

struct route {
    api to = api::none;
    service from = service::none;
    const char* name = "none";  // of the API, as faults and counts spell it
    bool v1 = false;            // a resize by the older path
    std::string project{};
    std::string id{};  // of the server, the job or the order
};

[[nodiscard]] route read_route(const std::string& method, const std::string& path);

// ecs, cts, bss, iam
[[nodiscard]] const char* name_of(service s);
// Whether an API or a service has this name.
[[nodiscard]] bool is_name(const std::string& of);

}  // namespace simulator
