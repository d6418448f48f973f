#include "route.hpp"

#include <algorithm>
#include <vector>

namespace simulator {

namespace {

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

}  // namespace

route read_route(const std::string& method, const std::string& path) {
    const auto parts = segments(path);
    const bool whole = std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); });
    if (!whole || parts.size() < 4) return {};
    const auto &version = parts[0], &project = parts[1], &kind = parts[2], &id = parts[3];
    if (method == "POST" && parts.size() == 5 && (version == "v1" || version == "v1.1") && kind == "cloudservers" &&
        parts[4] == "resize")
        return {route::api::resize, version == "v1", project, id};
    if (method != "GET" || parts.size() != 4 || version != "v1") return {};
    if (kind == "jobs") return {route::api::show_job, false, project, id};
    if (kind != "cloudservers") return {};
    if (id == "resize_flavors") return {route::api::list_flavors, false, project, ""};
    return {route::api::show_server, false, project, id};
}

}  // namespace simulator
