#include "command.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <cerrno>
#include <fstream>
#include <ostream>
#include <system_error>

#include "gateway/base/escape.hpp"

namespace gateway::cli {

namespace {

// Whole names only: a script that writes --conf would break with the next option that begins so.
constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

}  // namespace

std::optional<po::variables_map> read_options(const command& self, po::options_description known,
                                              const std::vector<std::string>& words, const streams& io,
                                              bare_word bare) {
    known.add_options()("help", "print this");
    po::options_description all;
    po::positional_options_description bare_words;
    all.add(known);
    if (bare.name != nullptr) {
        all.add_options()(bare.name, po::value(bare.value));
        bare_words.add(bare.name, 1);
    }
    po::variables_map values;
    try {
        po::store(po::command_line_parser(words).options(all).positional(bare_words).style(style).run(), values);
        if (values.count("help") == 0) {
            po::notify(values);
            if (bare.name != nullptr && values.count(bare.name) == 0)
                throw misused("needs " + std::string(bare.name) + ", a word of its own");
            return values;
        }
    } catch (const po::too_many_positional_options_error&) {
        throw misused(bare.name == nullptr ? "takes options only, each with two dashes before its name"
                                           : "takes one word of its own, " + std::string(bare.name) + ", and options");
    } catch (const po::error& e) {
        throw misused(shown(e.what()));
    }
    io.out << "ecs-gateway " << self.name << (self.arguments.empty() ? "" : " ") << self.arguments << "\n\n"
           << self.summary << ".\n";
    if (!self.details.empty()) io.out << self.details << '\n';
    io.out << '\n' << known;
    return std::nullopt;
}

std::string shown(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (plain) return std::string(text);
    std::string escaped = json_string(text);
    return escaped.substr(1, escaped.size() - 2);
}

std::string read_file(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string bytes;
    for (std::array<char, 4096> some{}; file.good();) {
        file.read(some.data(), some.size());
        bytes.append(some.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad())
        throw gave_up("can't read " + shown(path) + ": " + std::generic_category().message(errno != 0 ? errno : EIO));
    return bytes;
}

}  // namespace gateway::cli
