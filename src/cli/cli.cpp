#include "gateway/cli/cli.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>

#include "command.hpp"
#include "standard_descriptors.hpp"

namespace gateway::cli {

namespace {

constexpr std::array<command, 16> commands{{
    {"run", "--config FILE", "serves until SIGTERM or SIGINT, then drains",
     "SIGHUP loads the file again; a bad file changes nothing.", run_gateway},
    {"check", "--config FILE", "reads the file and its secrets and prints every problem, or OK",
     "Exit status 1 when there is a problem that is more than a warning.", check},
    {"explain", "--config FILE --caller NAME --method M --path P [--body FILE]",
     "tells what would happen to a call, and rule by rule why",
     "Works offline and needs no secret. Of a change it looks into the ledger for freezes, the server's hold and the\n"
     "rate, where it can. Exit status 1 when the call would be refused.",
     explain},
    {"sign", "--access-key AK --secret-key-file F --method M --url URL [...]",
     "signs one request and prints each stage and the headers to add",
     "Path and query are signed as they stand in the URL: percent-encode them before. Signed are Host (as it\n"
     "stands in the URL), X-Sdk-Date, X-Security-Token if there is one, and the headers given here.",
     sign},
    {"changes list", "--config FILE [--state S] [--account A] [--server ID] [--since T] [--limit N] [--json]",
     "prints changes, the newest first", "", list_changes},
    {"changes show", "ID --config FILE [--json]", "prints all that is known of a change, with its history",
     "Exit status 1 when there is none of that id.", show_change},
    {"changes resolve", "ID --config FILE --as STATE --reason TEXT [--json]",
     "ends a change whose end can't be found out otherwise",
     "Look at the server and the orders first. Who and why are kept. Exit status 1 when it has ended already.",
     resolve_change},
    {"changes export", "--config FILE [--since T] [--until T]", "prints changes as JSON, one a line, the oldest first",
     "Each line is the object that changes show --json has. Runs beside a gateway.", export_changes},
    {"freeze",
     "--config FILE [--account A] [--caller C] [--server ID] [--operation O]... --reason TEXT [--until T] [--json]",
     "refuses changes until it is lifted or over",
     "Without account, caller and server: everywhere. Returns when every change that was recorded before has been "
     "sent\n"
     "or given up, and says how many did so meanwhile. Exit status 1 when that takes too long; the freeze stands then.",
     freeze_changes},
    {"unfreeze", "ID --config FILE [--json]", "lifts a freeze", "Exit status 1 when no such freeze stands.",
     unfreeze_changes},
    {"freezes", "--config FILE [--json]", "prints the freezes that stand", "", list_freezes},
    {"ledger check", "--config FILE [--migrate] [--json]", "prints what the ledger holds, and whether it is whole",
     "Reads all of it, beside a gateway too; the gateway's log grows meanwhile. Exit status 1 when it is not whole.",
     check_ledger},
    {"ledger backup", "FILE --config FILE [--json]", "copies the ledger as it is at one moment into a new file",
     "Runs beside a gateway. A gateway that starts with the copy does not know of changes that were recorded later:\n"
     "their keys and signatures are new to it.",
     back_up_ledger},
    {"ledger copy", "--to CONFIGURATION --config FILE [--json]",
     "copies the ledger from its file into an empty PostgreSQL",
     "For a gateway that becomes several. All of it or nothing; refuses while a gateway holds the file. CONFIGURATION "
     "is\n"
     "the replicas': it names the database.",
     copy_ledger},
    {"hash-key", "", "reads an API key on standard input, prints its SHA-256 for api_key_sha256", "", hash_key},
    {"version", "", "prints the version of the program and of its libraries", "", version},
}};

void list_commands(std::ostream& out) {
    out << "ecs-gateway COMMAND [OPTIONS]\n\n";
    for (const command& c : commands)
        out << "  " << c.name << std::string(17 - c.name.size(), ' ') << c.summary << '\n';
    out << "\necs-gateway COMMAND --help tells more.\n";
}

// Whether it is the first of the two words of a command's name: "changes".
bool begins_a_name(const std::string& word) {
    return std::any_of(commands.begin(), commands.end(),
                       [&](const command& c) { return c.name.starts_with(word + ' '); });
}

int dispatch(const std::vector<std::string>& words, const streams& io) {
    if (words.empty()) {
        list_commands(io.err);
        return wrong_usage;
    }
    const std::string& first = words.front();
    if (first == "--help" || first == "-h" || first == "help") {
        list_commands(io.out);
        return done;
    }
    const std::string both = words.size() > 1 ? first + ' ' + words[1] : first;
    const auto* const found = std::find_if(commands.begin(), commands.end(), [&](const command& c) {
        return c.name == first || c.name == both || (c.name == "version" && first == "--version");
    });
    if (found == commands.end()) {
        io.err << "ecs-gateway: there is no command " << shown(begins_a_name(first) ? both : first) << "\n\n";
        list_commands(io.err);
        return wrong_usage;
    }
    try {
        const auto count = 1 + std::count(found->name.begin(), found->name.end(), ' ');
        return found->run(*found, {words.begin() + count, words.end()}, io);
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
