#include <algorithm>
#include <iterator>
#include <ostream>
#include <tuple>

#include "command.hpp"
#include "gateway/callers/directory.hpp"
#include "gateway/config/load.hpp"
#include "gateway/credentials/store.hpp"

namespace gateway::cli {

namespace {

void append(std::vector<config::problem>& to, std::vector<config::problem> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::string count(std::ptrdiff_t how_many, const char* what) {
    return std::to_string(how_many) + ' ' + what + (how_many == 1 ? "" : "s");
}

}  // namespace

int check(const command& self, const std::vector<std::string>& words, const streams& with) {
    std::string file;
    po::options_description known("Options");
    known.add_options()("config", po::value(&file)->required()->value_name("FILE"), "the configuration, gateway.yaml");
    if (!read_options(self, known, words, with)) return done;

    const auto loaded = config::load(file);
    std::vector<config::problem> problems = loaded.problems;
    if (loaded.ok()) {
        append(problems, config::check_files(loaded.values));
        static_cast<void>(callers::directory::load(loaded.values, callers::make_replay_memory(), problems));
        static_cast<void>(credentials::store::load(loaded.values, problems));
        std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
            return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
        });
    }
    for (const auto& problem : problems)
        with.out << config::describe(problem, file) << '\n';

    const auto errors = std::count_if(problems.begin(), problems.end(), [](const auto& p) { return !p.warning; });
    if (errors > 0) {
        with.err << count(errors, "problem") << " in " << shown(file)
                 << (loaded.ok() ? "" : "; secrets are read once the file itself is right") << '\n';
        return failed;
    }
    with.out << "OK\n";
    auto not_yet = callers::unsupported(loaded.values);
    append(not_yet, credentials::unsupported(loaded.values));
    for (auto& one : not_yet) {
        one.what = "note: " + one.what;
        with.out << config::describe(one, file) << '\n';
    }
    if (!not_yet.empty()) with.out << "`run` does not start with " << (not_yet.size() == 1 ? "this" : "these") << '\n';
    return done;
}

}  // namespace gateway::cli
