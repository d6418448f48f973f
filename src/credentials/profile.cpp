#include "profile.hpp"

#include <algorithm>
#include <cstdlib>

namespace gateway::credentials {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::string variable(const char* name) {
    const char* const text =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets a variable while threads run
    return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

std::string profile_path() {
    if (auto named = variable("HUAWEICLOUD_SDK_CREDENTIALS_FILE"); !named.empty()) return named;
    const auto home = variable("HOME");
    return home.empty() ? home : home + "/.huaweicloud/credentials";
}

std::optional<profile> read_profile(std::string_view text) {
    profile found;
    bool in_basic = false;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            in_basic = line == "[basic]";
            continue;
        }
        const auto equals = line.find('=');
        if (!in_basic || equals == std::string_view::npos) continue;
        const auto name = trimmed(line.substr(0, equals));
        const auto value = trimmed(line.substr(equals + 1));
        if (name == "ak") found.access_key = value;
        if (name == "sk") found.secret_key = value;
        if (name == "security_token") found.security_token = value;
    }
    if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
    return found;
}

}  // namespace gateway::credentials
