#include "gateway/config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <tuple>

#include "encoding.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"
#include "reader.hpp"
#include "region_table.hpp"
#include "relations.hpp"
#include "schema.hpp"
#include "tree.hpp"

namespace gateway::config {

namespace {

// A hundred thousand projects take 5 MiB; what is larger is not a configuration.
constexpr std::size_t most_bytes = 16 * 1024 * 1024;

// Nothing, with the reason in `why`, when the file can't be opened and read.
std::optional<std::string> read_file(const std::string& path, std::size_t most, std::string& why) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        why = "is a folder";
        return std::nullopt;
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string bytes(most, '\0');
    if (in) in.read(bytes.data(), static_cast<std::streamsize>(most));
    if (!in.is_open() || in.bad()) {
        why = errno != 0 ? std::generic_category().message(errno) : "input error";
        return std::nullopt;
    }
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    return bytes;
}

std::string folder_of(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    return (error ? std::filesystem::path(path) : whole).parent_path().string();
}

void sort_by_line(std::vector<problem>& problems) {
    std::stable_sort(problems.begin(), problems.end(), [](const problem& a, const problem& b) {
        return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
    });
}

loaded refused(const std::string& path, std::string what) {
    loaded result;
    result.values.file = path;
    result.problems.push_back({.at = {}, .what = std::move(what)});
    return result;
}

}  // namespace

bool loaded::ok() const {
    return std::all_of(problems.begin(), problems.end(), [](const problem& p) { return p.warning; });
}

loaded load(const std::string& path) {
    std::string why;
    const auto bytes = read_file(path, most_bytes + 1, why);
    if (!bytes) return refused(path, "can't be read: " + why);
    return parse(*bytes, path);
}

loaded parse(std::string_view yaml, const std::string& path) {
    if (yaml.size() > most_bytes) return refused(path, "is too large; expected at most " + write_size(most_bytes));
    loaded result;
    result.values.file = path;
    result.values.sha256 = to_hex(sha256_of(yaml));
    result.values.regions = built_in_regions();
    const std::string text = read_as_utf8(yaml, result.problems);
    if (!result.ok()) return result;
    const node root = read_tree(text, result.problems);
    if (!result.ok()) return result;

    reader in(folder_of(path));
    for (const auto& [id, endpoints] : result.values.regions) {
        in.define(names::region, id, {});
    }
    if (in.read(root, result.values, section<settings>{})) check_relations(result.values, root, in);
    result.values.lines = std::move(in.lines);
    result.problems.insert(result.problems.end(), in.problems.begin(), in.problems.end());
    sort_by_line(result.problems);
    return result;
}

std::vector<problem> check_files(const settings& in) {
    std::vector<problem> problems;
    const auto check = [&](const std::string& file, const place& beside, std::string_view key) {
        std::string why;
        if (read_file(file, 1, why)) return;
        problems.push_back({{beside.line, beside.column, beside.path + '.' + std::string(key)},
                            json_string(file) + " can't be read: " + why + "; expected a PEM file"});
    };
    for (const listener& l : in.listeners) {
        if (!l.tls) continue;
        check(l.tls->certificate, l.tls->at, "certificate");
        check(l.tls->private_key, l.tls->at, "private_key");
        if (l.tls->client_ca) check(*l.tls->client_ca, l.tls->at, "client_ca");
    }
    if (in.upstream.ca_file) check(*in.upstream.ca_file, in.upstream.at, "ca_file");
    if (in.log.outcomes != "stdout") {
        std::error_code ignored;  // what is not there yet will be made; what can't be reached is told when it is opened
        const auto there = std::filesystem::status(in.log.outcomes, ignored);
        if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there) &&
            !std::filesystem::is_character_file(there))
            problems.push_back({{in.log.at.line, in.log.at.column, in.log.at.path + ".outcomes"},
                                json_string(in.log.outcomes) +
                                    " is no regular file; expected a file, or stdout for a program that reads a pipe"});
    }
    sort_by_line(problems);
    return problems;
}

std::string describe(const problem& what, std::string_view file) {
    std::string line;
    append_json_text(line, file);  // a path may hold bytes that are not UTF-8, and control characters
    if (what.at.line != 0) line += ':' + std::to_string(what.at.line) + ':' + std::to_string(what.at.column);
    line += what.warning ? ": warning: " : ": ";
    if (!what.at.path.empty()) line += what.at.path + ": ";
    return line + what.what;
}

}  // namespace gateway::config
