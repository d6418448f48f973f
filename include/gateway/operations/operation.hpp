#pragma once
// The table of operations: the only calls that this gateway passes on. Adding an operation is adding a row in
// operation.cpp. Source: docs/answers.md; ECS API reference, "Modifying the Specifications of an ECS" (v1, v1.1),
// "Querying the Task Execution Status", "Querying Details About an ECS", "Querying the Target ECS Flavors to Which …".

#include <boost/system/result.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gateway::operations {

enum class operation_id : std::uint8_t { resize, show_job, show_server, list_resize_flavors };

enum class body_kind : std::uint8_t { none, resize };

struct operation {
    operation_id id;
    std::string_view name;  // as policies and the outcome line spell it
    std::string_view method;
    std::string_view pattern;  // "/v1/{project_id}/jobs/{job_id}"
    body_kind body = body_kind::none;
    bool query = false;  // whether a query string is passed on
};

// All rows; resize has two, one for each version of the API.
[[nodiscard]] std::span<const operation> table() noexcept;

// The row of that name (the first of several), or nullptr.
[[nodiscard]] const operation* find(std::string_view name) noexcept;

// The parts of a path. Views into the path that was matched.
struct match {
    const operations::operation* operation = nullptr;
    std::string_view api_version;  // "v1", "v1.1"
    std::string_view project_id;
    std::string_view server_id;  // empty where the operation has none
    std::string_view job_id;
};

// Why there is no match: no such path, or one that exists for other methods, which `allow` lists ("GET, POST").
struct mismatch {
    std::string allow;
    bool has_upper_case = false;  // which no path of an operation has
};

// Whether the text is an id that a path may name a server by: [a-z0-9_-]{1,64}, no word of another operation, and no
// UUID spelled otherwise than in five groups of lower-case digits. So each server has one spelling, and a rule that
// names it can't be passed by another.
[[nodiscard]] bool is_server_id(std::string_view text) noexcept;

// Matches method and raw path (no query, nothing decoded). An id is [a-z0-9_-]{1,64}; any other character, an empty or
// a dot segment, a trailing slash or a percent-escape matches nothing. A literal segment wins over an id, so
// …/cloudservers/resize_flavors is never a server of that name. Allocates only for a mismatch.
[[nodiscard]] boost::system::result<match, mismatch> match_path(std::string_view method, std::string_view path);

// The sentence of a 404, without a verdict on what of the path is right.
[[nodiscard]] std::string_view path_problem(const mismatch& mismatch) noexcept;

// Throws nothing, sends nothing: lets result<…, mismatch>::value() compile.
[[noreturn]] void throw_exception_from_error(const mismatch& mismatch, const boost::source_location& location);

}  // namespace gateway::operations
