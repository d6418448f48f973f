#pragma once
// Pairs that stand in files or in the environment, and when to read them again: all parts together, never torn.

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
    std::optional<std::string> profile;  // the path; `parts` is of no meaning then

    [[nodiscard]] std::vector<std::string> files() const;
    [[nodiscard]] std::string describe() const;  // "file \"secrets/acme.ak\" …", without any secret
};

// Reads all parts. nullptr, and what is wrong in `problems`, when one can't be read.
[[nodiscard]] shared_secret read_pair(const pair_source& from, std::vector<config::problem>& problems);

// What tells a file's content from an earlier one without reading it: device, inode, size and times, through symlinks.
struct file_mark {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;  // all 0: it is not there
    bool operator==(const file_mark&) const = default;
};
using file_marks = std::vector<file_mark>;
[[nodiscard]] file_marks look_at(const std::vector<std::string>& files);

// Follows a pair's files. Whoever rotates a pair writes its files one after the other, or swaps a symlink: what is read
// counts when the files are the same at two looks, before and after the reading, and when all parts are new or none is
// (a part that is still the old one after five seconds is meant to be).
class rotation {
public:
    using time = std::chrono::steady_clock::time_point;

    rotation(pair_source what, shared_secret now, file_marks marks);

    // To be called every now and then (250 ms). A new pair when there is one. `trouble` becomes what is wrong with the
    // files, empty when nothing is: the pair in use stays.
    [[nodiscard]] shared_secret look(time now, std::string& trouble);

private:
    [[nodiscard]] bool half_way(const secret& fresh) const;

    pair_source what_;
    shared_secret now_;
    file_marks read_;  // as they were when now_ was read
    file_marks last_;  // at the last look
    std::string trouble_;
    std::optional<time> half_since_;
};

}  // namespace gateway::credentials
