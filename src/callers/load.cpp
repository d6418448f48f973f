#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <utility>

#include "gateway/credentials/read.hpp"
#include "tables.hpp"

namespace gateway::callers {

namespace {

// A name, or a user id in digits, which containers without a user database need.
std::optional<std::uint32_t> user_id(const std::string& user) {
    std::array<char, 16 * 1024> space{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(user.c_str(), &entry, space.data(), space.size(), &found) == 0 && found != nullptr)
        return found->pw_uid;
    std::uint32_t number = 0;
    const auto [end, failed] = std::from_chars(user.data(), user.data() + user.size(), number);
    if (failed != std::errc() || end != user.data() + user.size()) return std::nullopt;
    return number;
}

// What the kernel gives instead of a user id that it can't name in this process's user namespace, or that does not fit
// (user_namespaces(7)): it is any number of users, of whom the one that really has this id is only one. Where /proc is
// not to be seen whole (ProcSubset=pid), the id is the one that no distribution changes.
bool may_be_anybody(std::uint32_t user) {
    constexpr std::uint32_t usual = 65534, none = -1U;
    std::uint32_t overflow_id = usual;
    std::ifstream("/proc/sys/kernel/overflowuid") >> overflow_id;
    return user == usual || user == none || user == overflow_id;
}

}  // namespace

directory::directory() = default;
directory::directory(directory&&) noexcept = default;
directory& directory::operator=(directory&&) noexcept = default;
directory::~directory() = default;

directory directory::load(const config::settings& settings, std::vector<config::problem>& problems) {
    auto made = std::make_unique<tables>();
    made->window = settings.signature_window;
    for (std::size_t i = 0; i < settings.callers.size(); ++i) {
        const config::caller& one = settings.callers[i];
        const caller_id caller{static_cast<std::uint32_t>(i)};
        made->names.push_back(one.name);
        made->by_name.emplace(one.name, caller);
        if (one.access_key && one.secret_key) {
            const auto secret = credentials::read(*one.secret_key, problems);
            if (secret) {
                made->by_access_key.try_emplace(*one.access_key, caller, *one.access_key, secret->reveal());
                made->secrets.insert(sha256_of(secret->reveal()));
            }
        }
        if (one.api_key_sha256) made->by_api_key.emplace(*one.api_key_sha256, caller);
        if (one.listener) {
            const auto listener = std::find_if(settings.listeners.begin(), settings.listeners.end(),
                                               [&](const config::listener& l) { return l.name == *one.listener; });
            const bool known = listener != settings.listeners.end();
            made->by_listener.try_emplace(
                *one.listener, tables::listener_rule{.caller = caller,
                                                     .any_signature = one.any_signature,
                                                     .tls = known && listener->tls,
                                                     .hosts = known ? listener->hosts : std::vector<std::string>()});
            made->any_signature = made->any_signature || one.any_signature;
        }
        if (one.certificate_san) made->by_certificate.emplace(*one.certificate_san, caller);
        if (one.unix_user) {
            const auto user = user_id(*one.unix_user);
            if (!user)
                problems.push_back({one.location,
                                    "caller " + one.name + ": this machine has no user " + *one.unix_user +
                                        ": calls of it are refused until it has and the file is loaded again",
                                    true});
            else if (may_be_anybody(*user))
                problems.push_back(
                    {one.location, "caller " + one.name + ": unix_user is user id " + std::to_string(*user) +
                                       ", which the kernel also gives for users that it can't name here: it "
                                       "proves nobody; run that process as a user of its own"});
            else if (!made->by_unix_user.emplace(*user, caller).second)
                problems.push_back({one.location, "caller " + one.name + ": unix_user is another caller's user id, " +
                                                      std::to_string(*user)});
        }
        made->required_proofs.push_back(
            {.header = one.access_key || one.api_key_sha256, .connection = one.certificate_san || one.unix_user});
    }
    directory whole;
    whole.tables_ = std::move(made);
    return whole;
}

std::optional<caller_id> directory::find(std::string_view name) const {
    const auto entry = tables_->by_name.find(name);
    if (entry == tables_->by_name.end()) return std::nullopt;
    return entry->second;
}

std::string_view directory::name_of(caller_id caller) const {
    return tables_->names.at(static_cast<std::size_t>(caller));
}

}  // namespace gateway::callers
