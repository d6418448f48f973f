#include "gateway/operations/operation.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gateway::operations {

namespace {

constexpr std::array<operation, 5> rows{{
    {operation_id::resize, "resize", "POST", "/v1.1/{project_id}/cloudservers/{server_id}/resize", body_kind::resize,
     false},
    {operation_id::resize, "resize", "POST", "/v1/{project_id}/cloudservers/{server_id}/resize", body_kind::resize,
     false},
    {operation_id::show_job, "show_job", "GET", "/v1/{project_id}/jobs/{job_id}", body_kind::none, false},
    {operation_id::list_resize_flavors, "list_resize_flavors", "GET", "/v1/{project_id}/cloudservers/resize_flavors",
     body_kind::none, true},
    {operation_id::show_server, "show_server", "GET", "/v1/{project_id}/cloudservers/{server_id}", body_kind::none,
     false},
}};

// Words that stand where a server's id does in other operations of the cloud: never ids, else a rule for one server's
// details would let through, say, the list of all. Source: the paths below …/cloudservers/ in the ECS API reference and
// in the vendor's SDK (ecs v2).
constexpr std::array<std::string_view, 17> reserved_words{"action",
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

constexpr std::array<bool, 256> id_characters = [] {
    std::array<bool, 256> made{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789_-"))
        made[static_cast<unsigned char>(c)] = true;
    return made;
}();

bool is_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) { return id_characters[static_cast<unsigned char>(c)]; });
}

constexpr bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Whether readers of UUIDs take it for one though it is not spelled as the cloud spells it (RFC 9562, 4: 8-4-4-4-12
// digits): some leave all dashes out of account (and read '_' among digits), some take groups of other lengths.
bool is_uuid_spelled_otherwise(std::string_view id) {
    constexpr std::array<std::size_t, 5> lengths{8, 4, 4, 4, 12};
    std::size_t digits = 0, groups = 1, in_group = 0;
    bool is_canonical = true;
    for (const char c : id) {
        if (c == '-') {
            is_canonical = is_canonical && groups < lengths.size() && in_group == lengths[groups - 1];
            ++groups;
            in_group = 0;
        } else if (is_hex(c) || c == '_') {
            is_canonical = is_canonical && c != '_';
            ++digits;
            ++in_group;
        } else {
            return false;
        }
    }
    is_canonical = is_canonical && groups == lengths.size() && in_group == lengths.back();
    return !is_canonical && (digits == 32 || groups == lengths.size());
}

constexpr std::size_t max_segments = 5;  // of a row

struct segments {
    std::array<std::string_view, max_segments> parts;
    std::size_t count = 0;
};

enum class kind { literal, project_id, server_id, job_id };

constexpr kind kind_of(std::string_view segment) {
    if (segment == "{project_id}") return kind::project_id;
    if (segment == "{server_id}") return kind::server_id;
    if (segment == "{job_id}") return kind::job_id;
    if (segment.front() == '{') throw std::logic_error("a row names an id that nobody reads");
    return kind::literal;
}

struct pattern {
    segments text;
    std::array<kind, max_segments> kinds{};
};

// Nought segments for a path that has more than any operation, or does not begin with '/'. A '/' at the end makes an
// empty segment, which is neither a literal nor an id.
constexpr segments split(std::string_view path) {
    segments made;
    while (path.starts_with('/') && made.count < max_segments) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        made.parts[made.count++] = path.substr(0, end);
        path.remove_prefix(end);
    }
    if (!path.empty()) made.count = 0;
    return made;
}

constexpr std::array<pattern, rows.size()> patterns = [] {
    std::array<pattern, rows.size()> made;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        made[i].text = split(rows[i].pattern);
        for (std::size_t part = 0; part < made[i].text.count; ++part)
            made[i].kinds[part] = kind_of(made[i].text.parts[part]);
    }
    return made;
}();
static_assert(std::all_of(patterns.begin(), patterns.end(), [](const pattern& p) { return p.text.count > 0; }));

// Literals first: they are cheap, and tell the rows apart.
bool fits(const pattern& row, const segments& path, match& found) {
    if (row.text.count != path.count) return false;
    for (std::size_t i = 0; i < path.count; ++i) {
        if (row.kinds[i] == kind::literal && row.text.parts[i] != path.parts[i]) return false;
    }
    found.api_version = path.parts.front();
    for (std::size_t i = 0; i < path.count; ++i) {
        const std::string_view given = path.parts[i];
        if (row.kinds[i] == kind::literal) continue;
        if (!is_id(given)) return false;
        if (row.kinds[i] == kind::project_id) found.project_id = given;
        if (row.kinds[i] == kind::job_id) found.job_id = given;
        if (row.kinds[i] == kind::server_id) {
            if (!is_server_id(given)) return false;
            found.server_id = given;
        }
    }
    return true;
}

}  // namespace

bool is_server_id(std::string_view text) noexcept {
    return is_id(text) && !is_uuid_spelled_otherwise(text) &&
           std::find(reserved_words.begin(), reserved_words.end(), text) == reserved_words.end();
}

std::span<const operation> table() noexcept { return rows; }

const operation* find(std::string_view name) noexcept {
    const auto* const row = std::find_if(rows.begin(), rows.end(), [&](const operation& o) { return o.name == name; });
    return row == rows.end() ? nullptr : row;
}

boost::system::result<match, mismatch> match_path(std::string_view method, std::string_view path) {
    const segments given = split(path);
    mismatch failed;
    failed.has_upper_case = std::any_of(path.begin(), path.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    for (std::size_t i = 0; i < rows.size(); ++i) {
        match found;
        if (!fits(patterns[i], given, found)) continue;
        if (rows[i].method == method) {
            found.operation = &rows[i];
            return found;
        }
        if (!failed.allow.empty()) failed.allow += ", ";
        failed.allow += rows[i].method;  // no two rows have the same path and method
    }
    return failed;
}

std::string_view path_problem(const mismatch& mismatch) noexcept {
    if (mismatch.has_upper_case)
        return "no operation of this gateway has this path, which holds upper-case letters: ids are lower case, "
               "[a-z0-9_-]{1,64}, and so is all the rest";
    return "no operation of this gateway has this path; the paths are matched as they stand, without decoding, ids are "
           "[a-z0-9_-]{1,64}, and a server's UUID has its dashes";
}

void throw_exception_from_error(const mismatch&, const boost::source_location&) {
    throw std::logic_error("no operation has this path");
}

}  // namespace gateway::operations
