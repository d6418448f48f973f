#pragma once
// Which operation a method and a path name.

#include <boost/system/result.hpp>

#include <span>
#include <string>
#include <string_view>

#include "gateway/operations/operation.hpp"

namespace gateway::operations {

// The parts of a path. Views into the path that was matched.
struct match {
    // The operations of this method and path: one, or several that the body tells apart by its top-level key.
    std::span<const operations::operation> candidates;
    const operations::operation* operation = nullptr;  // the one; of several nullptr, until the body is read
    std::string_view api_version;                      // "v1", "v1.1"
    std::string_view project_id;
    std::string_view server_id;  // empty where the operation has none
    std::string_view job_id;
    std::string_view change_id;
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
