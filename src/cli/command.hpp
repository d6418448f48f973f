#pragma once
// Shared by the commands: a row of their table, their options, their exceptions.

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/cli/cli.hpp"

namespace gateway::cli {

namespace po = boost::program_options;

struct command {
    std::string_view name;       // one word or two: "changes list"
    std::string_view arguments;  // "--config FILE"
    std::string_view summary;    // one line for the list
    std::string_view details;    // for its own --help; may be empty
    int (*run)(const command& self, const std::vector<std::string>& words, const streams& io);
};

// Thrown by a command and turned into an exit status in one place, cli.cpp.
struct misused : std::runtime_error {  // 2
    using runtime_error::runtime_error;
};
struct gave_up : std::runtime_error {  // 1
    using runtime_error::runtime_error;
};

// The one bare word of a command, which has to stand: "ID".
struct bare_word {
    const char* name = nullptr;
    std::string* value = nullptr;
};

// The options of a command; nothing after --help, which was answered. Throws `misused`.
[[nodiscard]] std::optional<po::variables_map> read_options(const command& self, po::options_description known,
                                                            const std::vector<std::string>& words, const streams& io,
                                                            bare_word bare = {});

// Text from outside, fit for a terminal: control characters and bytes that are not UTF-8 escaped as in JSON.
[[nodiscard]] std::string shown(std::string_view text);

// The bytes of a file. Throws `gave_up`.
[[nodiscard]] std::string read_file(const std::string& path);

int run_gateway(const command&, const std::vector<std::string>&, const streams&);
int check(const command&, const std::vector<std::string>&, const streams&);
int explain(const command&, const std::vector<std::string>&, const streams&);
int sign(const command&, const std::vector<std::string>&, const streams&);
int hash_key(const command&, const std::vector<std::string>&, const streams&);
int list_changes(const command&, const std::vector<std::string>&, const streams&);
int show_change(const command&, const std::vector<std::string>&, const streams&);
int resolve_change(const command&, const std::vector<std::string>&, const streams&);
int export_changes(const command&, const std::vector<std::string>&, const streams&);
int freeze_changes(const command&, const std::vector<std::string>&, const streams&);
int unfreeze_changes(const command&, const std::vector<std::string>&, const streams&);
int list_freezes(const command&, const std::vector<std::string>&, const streams&);
int check_ledger(const command&, const std::vector<std::string>&, const streams&);
int back_up_ledger(const command&, const std::vector<std::string>&, const streams&);
int copy_ledger(const command&, const std::vector<std::string>&, const streams&);
int version(const command&, const std::vector<std::string>&, const streams&);

}  // namespace gateway::cli
