#include "gateway/credentials/store.hpp"

#include <stdexcept>
#include <utility>

namespace gateway::credentials {

namespace {

using kind = config::credential::kind;

std::string_view name_of(kind which) {
    switch (which) {
        case kind::pair:
            return "pair";
        case kind::agency:
            return "agency";
        case kind::token:
            return "token";
        case kind::metadata:
            return "metadata";
        case kind::sdk_default:
            return "sdk_default";
    }
    return "unknown";
}

signing::algorithm algorithm_of(config::algorithm which) {
    return which == config::algorithm::v11_hmac_sha256 ? signing::algorithm::v11_hmac_sha256
                                                       : signing::algorithm::sdk_hmac_sha256;
}

std::string not_supported(kind which) { return std::string(name_of(which)) + " is not supported by `run` yet"; }

}  // namespace

struct store::entry {
    std::string name;
    std::optional<signing::key> key;
    std::optional<secret_text> security_token;
    std::string why_not;  // set where there is no key
};

void throw_exception_from_error(const unavailable& e, const boost::source_location&) {
    throw std::logic_error("credential " + std::string(e.name) + " was used though it is unavailable: " + e.why);
}

store::store() = default;
store::store(store&&) noexcept = default;
store& store::operator=(store&&) noexcept = default;
store::~store() = default;

store store::load(const config::settings& from, std::vector<config::problem>& problems) {
    store made;
    for (const config::credential& one : from.credentials) {
        entry& to = made.entries_.emplace_back();
        to.name = one.name;
        if (one.is == kind::pair && one.pair) {
            // All three are read, so that all that is wrong is told at once.
            const auto access_key = read(one.pair->access_key, problems);
            const auto secret_key = read(one.pair->secret_key, problems);
            if (one.pair->security_token) to.security_token = read(*one.pair->security_token, problems);
            const bool token_missing = one.pair->security_token && !to.security_token;
            if (access_key && secret_key && !token_missing)
                to.key.emplace(algorithm_of(one.pair->sign_with), access_key->reveal(), secret_key->reveal());
            else
                to.why_not = "its secrets could not be read";
        } else {
            if (one.token) (void)read(one.token->password, problems, secret_kind::password);
            to.why_not = not_supported(one.is);
        }
    }
    return made;
}

boost::system::result<lease, unavailable> store::take(id which) const {
    const entry& held = entries_.at(static_cast<std::size_t>(which));
    if (!held.key) return unavailable{.name = held.name, .why = held.why_not};
    return lease{
        .name = held.name, .key = &*held.key, .security_token = held.security_token ? &*held.security_token : nullptr};
}

std::string_view store::name_of(id which) const { return entries_.at(static_cast<std::size_t>(which)).name; }

std::vector<config::problem> unsupported(const config::settings& in) {
    std::vector<config::problem> found;
    for (const config::credential& one : in.credentials) {
        if (one.is != kind::pair) found.push_back({one.at, "credential " + one.name + ": " + not_supported(one.is)});
    }
    return found;
}

}  // namespace gateway::credentials
