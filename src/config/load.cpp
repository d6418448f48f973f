#include "gateway/config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <tuple>

#include "cross_checks.hpp"
#include "encoding.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"
#include "reader.hpp"
#include "region_table.hpp"
#include "schema.hpp"
#include "tree.hpp"

namespace gateway::config {

namespace {

// A hundred thousand projects take 5 MiB; what is larger is not a configuration.
constexpr std::size_t max_bytes = 16 * 1024 * 1024;

// Nothing, with the reason in `reason`, when the file can't be opened and read.
std::optional<std::string> read_file(const std::string& path, std::size_t max_size, std::string& reason) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        reason = "is a folder";
        return std::nullopt;
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string bytes(max_size, '\0');
    if (file) file.read(bytes.data(), static_cast<std::streamsize>(max_size));
    if (!file.is_open() || file.bad()) {
        reason = errno != 0 ? std::generic_category().message(errno) : "input error";
        return std::nullopt;
    }
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

std::string folder_of(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return (error ? std::filesystem::path(path) : whole).parent_path().string();
}

void sort_by_line(std::vector<problem>& problems) {
    std::stable_sort(problems.begin(), problems.end(), [](const problem& a, const problem& b) {
        return std::tie(a.location.line, a.location.column) < std::tie(b.location.line, b.location.column);
    });
}

loaded failed_load(const std::string& path, std::string message) {
    loaded result;
    result.values.file = path;
    result.problems.push_back({.location = {}, .message = std::move(message)});
    return result;
}

// Those that depend on other keys, or on where the file is.
void fill_in_defaults(settings& all, const reader& reader) {
    if (!all.ledger.file.empty()) all.ledger.file = reader.absolute(all.ledger.file);
    if (!all.follow.settle_after) all.follow.settle_after = all.timeouts.upstream_response + std::chrono::minutes(2);
}

}  // namespace

bool loaded::ok() const {
    return std::all_of(problems.begin(), problems.end(), [](const problem& p) { return p.warning; });
}

loaded load(const std::string& path) {
    std::string reason;
    const auto bytes = read_file(path, max_bytes + 1, reason);
    if (!bytes) return failed_load(path, "can't be read: " + reason);
    return parse(*bytes, path);
}

loaded parse(std::string_view yaml, const std::string& path) {
    if (yaml.size() > max_bytes) return failed_load(path, "is too large; expected at most " + write_size(max_bytes));
    loaded result;
    result.values.file = path;
    result.values.sha256 = to_hex(sha256_of(yaml));
    result.values.regions = built_in_regions();
    const std::string text = read_as_utf8(yaml, result.problems);
    if (!result.ok()) return result;
    const node root = read_tree(text, result.problems);
    if (!result.ok()) return result;

    reader reader(folder_of(path));
    for (const auto& [id, endpoints] : result.values.regions) {
        reader.register_name(name_kind::region, id, {});
    }
    if (reader.read(root, result.values, section<settings>{})) cross_check(result.values, root, reader);
    fill_in_defaults(result.values, reader);
    result.values.lines = std::move(reader.lines);
    result.problems.insert(result.problems.end(), reader.problems.begin(), reader.problems.end());
    sort_by_line(result.problems);
    return result;
}

std::vector<problem> check_files(const config::settings& settings) {
    std::vector<problem> problems;
    const auto check = [&](const std::string& file, const location& location, std::string_view key) {
        std::string reason;
        if (read_file(file, 1, reason)) return;
        problems.push_back({{location.line, location.column, location.path + '.' + std::string(key)},
                            json_string(file) + " can't be read: " + reason + "; expected a PEM file"});
    };
    for (const listener& l : settings.listeners) {
        if (!l.tls) continue;
        check(l.tls->certificate, l.tls->location, "certificate");
        check(l.tls->private_key, l.tls->location, "private_key");
        if (l.tls->client_ca) check(*l.tls->client_ca, l.tls->location, "client_ca");
    }
    if (settings.upstream.ca_file) check(*settings.upstream.ca_file, settings.upstream.location, "ca_file");
    if (settings.log.outcomes != "stdout") {
        std::error_code
            ignored;  // a missing file will be made; one that can't be reached is reported when it is opened
        const auto status = std::filesystem::status(settings.log.outcomes, ignored);
        if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
            !std::filesystem::is_character_file(status))
            problems.push_back(
                {{settings.log.location.line, settings.log.location.column, settings.log.location.path + ".outcomes"},
                 json_string(settings.log.outcomes) +
                     " is no regular file; expected a file, or stdout for a program that reads a pipe"});
    }
    sort_by_line(problems);
    return problems;
}

std::string describe(const config::problem& problem, std::string_view file) {
    std::string line;
    append_json_text(line, file);  // a path may hold bytes that are not UTF-8, and control characters
    if (problem.location.line != 0)
        line += ':' + std::to_string(problem.location.line) + ':' + std::to_string(problem.location.column);
    line += problem.warning ? ": warning: " : ": ";
    if (!problem.location.path.empty()) line += problem.location.path + ": ";
    return line + problem.message;
}

}  // namespace gateway::config
