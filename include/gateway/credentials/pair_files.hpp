#pragma once
// Pairs in files or in the environment, and when to read them again: always all parts of one pair.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/credentials/secret.hpp"

namespace gateway::credentials {

// Where a pair is: in its parts, or in the official SDK's profile file.
struct pair_source {
    config::pair_credential parts;
    std::optional<std::string> profile;  // the path; then `parts` is not used

    [[nodiscard]] std::vector<std::string> files() const;
    [[nodiscard]] std::string describe() const;  // "file \"secrets/acme.ak\" …", without any secret
};

// Reads all parts. nullptr, and what is wrong in `problems`, when one can't be read.
[[nodiscard]] shared_secret read_pair(const pair_source& source, std::vector<config::problem>& problems);

// Shows without reading that a file has changed: device, inode, size and times, through symlinks.
struct file_mark {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;  // all 0: it is not there
    bool operator==(const file_mark&) const = default;
};
using file_marks = std::vector<file_mark>;
[[nodiscard]] file_marks marks_of(const std::vector<std::string>& files);

// Follows a pair's files. A rotation writes the files one after the other, or swaps a symlink. So a new pair counts
// when the files are unchanged at two polls, before and after the reading, and when all parts are new (or, after five
// seconds, some).
class rotation {
public:
    using time = std::chrono::steady_clock::time_point;

    rotation(pair_source source, shared_secret current, file_marks marks);

    // To be called every 250 ms or so. Returns a new pair when there is one. `trouble` becomes what is wrong with the
    // files, and then the pair in use stays; empty when nothing is.
    [[nodiscard]] shared_secret poll(time now, std::string& trouble);

private:
    [[nodiscard]] bool is_partial(const secret& fresh) const;

    pair_source source_;
    shared_secret current_;
    file_marks read_marks_;  // when current_ was read
    file_marks last_marks_;  // at the last poll
    std::string trouble_;
    std::optional<time> partial_since_;
};

}  // namespace gateway::credentials
