#pragma once
// The table of operations: the only calls that this gateway passes on. An operation is an id and a row here.
// Source: docs/answers.md; ECS API reference, "Modifying the Specifications of an ECS" (v1, v1.1), "Querying the
// Task Execution Status", "Querying Details About an ECS", "Querying the Target ECS Flavors to Which …".

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::operations {

enum class operation_id : std::uint8_t {
    resize,
    show_job,
    list_resize_flavors,
    show_server,
    show_change,
    list_changes,
};

enum class body_kind : std::uint8_t { none, resize };

enum class answerer : std::uint8_t { cloud, gateway };

struct operation {
    operation_id id;
    std::string_view name;  // as policies and the outcome line spell it
    std::string_view method;
    std::string_view path;             // "/v1/{project_id}/jobs/{job_id}"
    std::string_view older_path = {};  // of an older version of the API; empty where there is none
    body_kind body = body_kind::none;
    std::string_view body_key = {};  // the member of the body that makes it this operation's
    bool query = false;              // whether a query string is passed on
    bool changes_something = false;  // at the cloud
    bool holds_servers = false;      // no other change of its servers until it has ended
    answerer answered_by = answerer::cloud;
};

// A row for each operation, in the order of their ids. A path with a literal where another has an id comes first;
// operations that share method and path, and so are told apart by the body's key, stand together.
inline constexpr std::array table{
    operation{.id = operation_id::resize,
              .name = "resize",
              .method = "POST",
              .path = "/v1.1/{project_id}/cloudservers/{server_id}/resize",
              .older_path = "/v1/{project_id}/cloudservers/{server_id}/resize",
              .body = body_kind::resize,
              .body_key = "resize",
              .changes_something = true,
              .holds_servers = true},
    operation{
        .id = operation_id::show_job, .name = "show_job", .method = "GET", .path = "/v1/{project_id}/jobs/{job_id}"},
    operation{.id = operation_id::list_resize_flavors,
              .name = "list_resize_flavors",
              .method = "GET",
              .path = "/v1/{project_id}/cloudservers/resize_flavors",
              .query = true},
    operation{.id = operation_id::show_server,
              .name = "show_server",
              .method = "GET",
              .path = "/v1/{project_id}/cloudservers/{server_id}"},
    operation{.id = operation_id::show_change,
              .name = "show_change",
              .method = "GET",
              .path = "/gateway/v1/{project_id}/changes/{change_id}",
              .query = true,
              .answered_by = answerer::gateway},
    operation{.id = operation_id::list_changes,
              .name = "list_changes",
              .method = "GET",
              .path = "/gateway/v1/{project_id}/changes",
              .query = true,
              .answered_by = answerer::gateway},
};
static_assert([] {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].id != operation_id(i)) return false;
    }
    return true;
}());

[[nodiscard]] constexpr const operation& row_of(operation_id id) noexcept {
    return table[static_cast<std::size_t>(id)];
}
[[nodiscard]] constexpr std::string_view name_of(operation_id id) noexcept { return row_of(id).name; }

// The first of `rows` with those after it that have its method and path.
[[nodiscard]] constexpr std::span<const operation> first_of_one_path(std::span<const operation> rows) noexcept {
    std::size_t count = 1;
    while (count < rows.size() && rows[count].method == rows[0].method && rows[count].path == rows[0].path)
        ++count;
    return rows.first(count);
}

// The row of that name, or nullptr.
[[nodiscard]] constexpr const operation* find(std::string_view name) noexcept {
    for (const operation& row : table) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

}  // namespace gateway::operations
