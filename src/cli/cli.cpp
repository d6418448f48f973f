#include "gateway/cli/cli.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>

#include "command.hpp"
#include "standard_descriptors.hpp"

namespace gateway::cli {

namespace {

constexpr std::array<command, 6> commands{{
    {"run", "--config FILE", "serves until SIGTERM or SIGINT, then drains",
     "SIGHUP loads the file again; a bad file changes nothing.", run_gateway},
    {"check", "--config FILE", "reads the file and its secrets and prints every problem, or OK",
     "Exit status 1 when there is a problem that is more than a warning.", check},
    {"explain", "--config FILE --caller NAME --method M --path P [--body FILE]",
     "tells what would happen to a call, and rule by rule why",
     "Works offline and needs no secret. Exit status 1 when the call would be refused.", explain},
    {"sign", "--access-key AK --secret-key-file F --method M --url URL [...]",
     "signs one request and prints each stage and the headers to add",
     "Path and query are signed as they stand in the URL: percent-encode them before. Signed are Host (as it\n"
     "stands in the URL), X-Sdk-Date, X-Security-Token if there is one, and the headers given here.",
     sign},
    {"hash-key", "", "reads an API key on standard input, prints its SHA-256 for api_key_sha256", "", hash_key},
    {"version", "", "prints the version of the program and of its libraries", "", version},
}};

void list_commands(std::ostream& out) {
    out << "ecs-gateway COMMAND [OPTIONS]\n\n";
    for (const command& c : commands)
        out << "  " << c.name << std::string(10 - c.name.size(), ' ') << c.summary << '\n';
    out << "\necs-gateway COMMAND --help tells more.\n";
}

int dispatch(const std::vector<std::string>& words, const streams& io) {
    if (words.empty()) {
        list_commands(io.err);
        return wrong_usage;
    }
    const std::string& name = words.front();
    if (name == "--help" || name == "-h" || name == "help") {
        list_commands(io.out);
        return done;
    }
    const auto* const found = std::find_if(commands.begin(), commands.end(), [&](const command& c) {
        return c.name == name || (c.name == "version" && name == "--version");
    });
    if (found == commands.end()) {
        io.err << "ecs-gateway: there is no command " << shown(name) << "\n\n";
        list_commands(io.err);
        return wrong_usage;
    }
    try {
        return found->run(*found, {words.begin() + 1, words.end()}, io);
    } catch (const misused& e) {
        io.err << "ecs-gateway " << found->name << ": " << e.what() << "\nSee: ecs-gateway " << found->name
               << " --help\n";
        return wrong_usage;
    } catch (const std::exception& e) {
        io.err << "ecs-gateway " << found->name << ": " << e.what() << '\n';
        return failed;
    }
}

}  // namespace

int run(const std::vector<std::string>& words, const streams& io) {
    const int status = dispatch(words, io);
    // A full disk or a closed pipe is a failure too: the result did not arrive.
    if (io.out.flush()) return status;
    io.err << "ecs-gateway: can't write to standard output\n";
    return std::max(status, failed);
}

int run(int argc, char** argv) {
    if (!open_standard_descriptors()) return failed;  // and there is nowhere to say so
    return run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc), {std::cin, std::cout, std::cerr});
}

}  // namespace gateway::cli
