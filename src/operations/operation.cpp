#include "gateway/operations/operation.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gateway::operations {

namespace {

constexpr std::array<operation, 5> rows{{
    {id::resize, "resize", "POST", "/v1.1/{project_id}/cloudservers/{server_id}/resize", body_kind::resize, false},
    {id::resize, "resize", "POST", "/v1/{project_id}/cloudservers/{server_id}/resize", body_kind::resize, false},
    {id::show_job, "show_job", "GET", "/v1/{project_id}/jobs/{job_id}", body_kind::none, false},
    {id::list_resize_flavors, "list_resize_flavors", "GET", "/v1/{project_id}/cloudservers/resize_flavors",
     body_kind::none, true},
    {id::show_server, "show_server", "GET", "/v1/{project_id}/cloudservers/{server_id}", body_kind::none, false},
}};

// Words that stand where a server's id does in other operations of the cloud: never ids, else a rule for one server's
// details would let through, say, the list of all. Source: the paths below …/cloudservers/ in the ECS API reference and
// in the vendor's SDK (ecs v2).
constexpr std::array<std::string_view, 17> not_server_ids{"action",
                                                          "actions",
                                                          "batch-resize",
                                                          "delete",
                                                          "detail",
                                                          "flavor-sell-policies",
                                                          "flavors",
                                                          "fpga_image",
                                                          "limits",
                                                          "nics",
                                                          "os-reset-passwords",
                                                          "os-server-groups",
                                                          "resize",
                                                          "resize_flavors",
                                                          "resource_instances",
                                                          "server-name",
                                                          "tags"};

constexpr std::array<bool, 256> in_ids = [] {
    std::array<bool, 256> made{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"))
        made[static_cast<unsigned char>(c)] = true;
    return made;
}();

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) { return in_ids[static_cast<unsigned char>(c)]; });
}

// The text up to the next '/', which is taken away with it.
std::string_view next_segment(std::string_view& rest) {
    const auto end = std::min(rest.find('/'), rest.size());
    const auto segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return segment;
}

bool fits(const operation& row, std::string_view path, match& into) {
    if (path.empty() || path.front() != '/' || path.back() == '/') return false;
    std::string_view pattern = row.pattern.substr(1);
    path.remove_prefix(1);
    into.api_version = path.substr(0, path.find('/'));
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = next_segment(pattern);
        const auto segment = next_segment(path);
        if (wanted.front() != '{') {
            if (segment != wanted) return false;
            continue;
        }
        if (!is_id(segment)) return false;
        if (wanted == "{project_id}") into.project_id = segment;
        if (wanted == "{job_id}") into.job_id = segment;
        if (wanted == "{server_id}") {
            if (std::find(not_server_ids.begin(), not_server_ids.end(), segment) != not_server_ids.end()) return false;
            into.server_id = segment;
        }
    }
    into.what = &row;
    return pattern.empty() && path.empty();
}

}  // namespace

std::span<const operation> table() noexcept { return rows; }

const operation* find(std::string_view name) noexcept {
    const auto* const row = std::find_if(rows.begin(), rows.end(), [&](const operation& o) { return o.name == name; });
    return row == rows.end() ? nullptr : row;
}

boost::system::result<match, mismatch> match_path(std::string_view method, std::string_view path) {
    mismatch none;
    for (const operation& row : rows) {
        match found;
        if (!fits(row, path, found)) continue;
        if (row.method == method) return found;
        if (!none.allow.empty()) none.allow += ", ";
        none.allow += row.method;  // no two rows share a path and a method
    }
    return none;
}

void throw_exception_from_error(const mismatch&, const boost::source_location&) {
    throw std::logic_error("no operation has this path");
}

}  // namespace gateway::operations
