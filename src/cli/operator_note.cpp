#include "operator_note.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "command.hpp"

namespace gateway::cli {

namespace {

constexpr std::size_t max_reason = 500;  // bytes; callers get it in an answer's message

std::string user_name(uid_t user) {
    std::array<char, 16384> memory{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(user, &entry, memory.data(), memory.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return "uid " + std::to_string(user);
}

}  // namespace

std::string operator_name() {
    const uid_t user = ::getuid();
    const char* const before_sudo = std::getenv("SUDO_USER");
    if (user != 0 || before_sudo == nullptr || *before_sudo == '\0') return user_name(user);
    return std::string(before_sudo).substr(0, 64) + " as " + user_name(user);
}

void check_reason(const std::string& reason) {
    if (reason.find_first_not_of(" \t\r\n") == std::string::npos)
        throw misused("--reason is empty; say why, for those who look at it later");
    if (reason.size() > max_reason) throw misused("--reason has at most " + std::to_string(max_reason) + " bytes");
}

}  // namespace gateway::cli
