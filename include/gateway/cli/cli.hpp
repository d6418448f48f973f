#pragma once
// The command line: run, check, explain, sign, hash-key, version. Each says by --help what it prints.

#include <iosfwd>
#include <string>
#include <vector>

namespace gateway::cli {

// What a command reads and writes.
struct streams {
    std::istream& input;
    std::ostream& out;  // the result
    std::ostream& err;  // why there is none, and what to do next
};

// Exit statuses.
inline constexpr int done = 0;
inline constexpr int failed = 1;       // the result is a failure: a bad file, a call that is denied
inline constexpr int wrong_usage = 2;  // of the command line

// Runs the command that the words name; they do not include the program's own name.
[[nodiscard]] int run(const std::vector<std::string>& words, const streams& io);

// The same for main(), on the process's own streams.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace gateway::cli
