#include "gateway/operations/match.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>

namespace gateway::operations {

namespace {

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

using id_member = std::string_view match::*;

// The member that a segment of a row's path fills; nullptr for a literal.
constexpr id_member id_of(std::string_view segment) {
    if (segment == "{project_id}") return &match::project_id;
    if (segment == "{server_id}") return &match::server_id;
    if (segment == "{job_id}") return &match::job_id;
    if (segment == "{change_id}") return &match::change_id;
    if (segment.front() == '{') throw std::logic_error("a row names an id that nobody reads");
    return nullptr;
}

// A path of the table, with the operations that have it.
struct route {
    std::span<const operation> operations;
    segments path;
    std::array<id_member, max_segments> ids{};
};

constexpr route make_route(std::span<const operation> operations, std::string_view path) {
    route made{operations, split(path), {}};
    for (std::size_t i = 0; i < made.path.count; ++i)
        made.ids[i] = id_of(made.path.parts[i]);
    return made;
}

constexpr std::size_t max_routes = 2 * table.size();

struct route_list {
    std::array<route, max_routes> all;
    std::size_t count = 0;
};

constexpr route_list routes = [] {
    route_list made;
    for (std::span<const operation> rest = table; !rest.empty();) {
        const auto operations = first_of_one_path(rest);
        const operation& row = rest.front();
        made.all[made.count++] = make_route(operations, row.path);
        if (!row.older_path.empty()) made.all[made.count++] = make_route(operations, row.older_path);
        rest = rest.subspan(operations.size());
    }
    return made;
}();

// Literals first: they are cheap, and tell the routes apart.
bool fits(const route& row, const segments& path, match& found) {
    if (row.path.count != path.count) return false;
    for (std::size_t i = 0; i < path.count; ++i) {
        if (row.ids[i] == nullptr && row.path.parts[i] != path.parts[i]) return false;
    }
    found.api_version = path.parts[path.parts.front() == "gateway" ? 1 : 0];
    for (std::size_t i = 0; i < path.count; ++i) {
        const id_member id = row.ids[i];
        if (id == nullptr) continue;
        if (id == &match::server_id ? !is_server_id(path.parts[i]) : !is_id(path.parts[i])) return false;
        found.*id = path.parts[i];
    }
    return true;
}

}  // namespace

bool is_server_id(std::string_view text) noexcept {
    return is_id(text) && !is_uuid_spelled_otherwise(text) &&
           std::find(reserved_words.begin(), reserved_words.end(), text) == reserved_words.end();
}

boost::system::result<match, mismatch> match_path(std::string_view method, std::string_view path) {
    const segments given = split(path);
    mismatch failed;
    for (const route& each : std::span(routes.all.data(), routes.count)) {
        match found;
        if (!fits(each, given, found)) continue;
        const operation& row = each.operations.front();
        if (row.method == method) {
            found.candidates = each.operations;
            found.operation = each.operations.size() == 1 ? &row : nullptr;
            return found;
        }
        if (!failed.allow.empty()) failed.allow += ", ";
        failed.allow += row.method;
    }
    failed.has_upper_case = std::any_of(path.begin(), path.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
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
