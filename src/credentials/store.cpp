#include "gateway/credentials/store.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <unordered_map>

#include "gateway/base/escape.hpp"
#include "gateway/base/hex.hpp"
#include "gateway/credentials/read.hpp"
#include "profile.hpp"

namespace gateway::credentials {

namespace {

using kind = config::credential::kind;
using way = definition::way;

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

config::source variable(const char* name, const config::place& at) {
    return {.from = config::source::kind::env, .name = name, .text = nullptr, .at = at};
}

bool is_set(const char* name) {
    const char* const text =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets a variable while threads run
    return text != nullptr && *text != '\0';
}

// Where the official SDK looks, in its order: environment, profile file, metadata.
void resolve_sdk_default(definition& to, const config::place& at) {
    if (is_set(sdk_access_key) && is_set(sdk_secret_key)) {
        to.by = way::pair;
        to.pair.parts.access_key = variable(sdk_access_key, at);
        to.pair.parts.secret_key = variable(sdk_secret_key, at);
        if (is_set(sdk_security_token)) to.pair.parts.security_token = variable(sdk_security_token, at);
        return;
    }
    std::error_code ignored;  // a file that can't be looked at is one that is not there
    if (auto path = profile_path(); !path.empty() && std::filesystem::exists(path, ignored)) {
        to.by = way::pair;
        to.pair.parts.access_key.at = at;
        to.pair.profile = std::move(path);
        return;
    }
    to.by = way::metadata;
}

std::string domain_of(const std::optional<std::string>& name, const std::optional<std::string>& number) {
    return name ? *name : number.value_or("");
}

definition define(const config::credential& one) {
    definition made;
    made.name = one.name;
    made.preload = one.preload;
    switch (one.is) {
        case kind::pair:
            made.by = way::pair;
            if (one.pair) made.pair.parts = *one.pair;
            break;
        case kind::sdk_default:
            resolve_sdk_default(made, one.at);
            break;
        case kind::metadata:
            made.by = way::metadata;
            break;
        case kind::token:
            made.by = way::token;
            if (one.token) made.token = *one.token;
            made.source =
                "IAM user " + made.token.user_name + " of " + domain_of(made.token.domain_name, made.token.domain_id);
            break;
        case kind::agency:
            made.by = way::agency;
            if (one.agency) made.agency = *one.agency;
            made.source = "agency " + made.agency.agency_name + " of " +
                          domain_of(made.agency.domain_name, made.agency.domain_id) + ", through " +
                          made.agency.through;
            break;
    }
    if (made.by == way::pair) made.source = made.pair.describe();
    if (made.by == way::metadata) made.source = "the metadata service of this server";
    return made;
}

// All that makes a credential another one than before, as text without secrets.
std::string identity(const definition& of, const std::vector<definition>& all, const config::settings& in) {
    std::string text = std::to_string(static_cast<int>(of.by)) + '\n' + of.name + '\n' + of.source + '\n' + of.region +
                       '\n' + of.project + '\n';
    const auto literal = [&](const config::source& from) {
        if (from.text) text += to_hex(sha256_of(from.text->reveal()));
        text += from.name + '\n';
    };
    if (of.by == way::pair) {
        literal(of.pair.parts.access_key);
        literal(of.pair.parts.secret_key);
        if (of.pair.parts.security_token) literal(*of.pair.parts.security_token);
        text += std::to_string(static_cast<int>(of.pair.parts.sign_with));
    }
    if (of.by == way::token) literal(of.token.password);
    if (of.by == way::agency)
        text += std::to_string(of.agency.duration.count()) + ' ' + std::to_string(all[of.through].serial);
    if (const auto region = in.regions.find(of.region); region != in.regions.end())
        text += region->second.iam.authority() + ' ' + region->second.ecs.authority();
    return text;
}

// An agency's pair is asked for where it is used; who may assume it is needed there, too.
void tell_where(definition& of, const config::project& project) {
    if (!of.region.empty()) return;
    of.region = project.region;
    of.project = project.id;
}

}  // namespace

std::string describe(const config::credential& one) { return define(one).source; }

store store::load(const config::settings& from, std::vector<config::problem>& problems, const store* before) {
    store made;
    for (const auto& one : from.credentials)
        made.all_.push_back(define(one));
    auto& all = made.all_;
    std::unordered_map<std::string_view, std::size_t> numbers;
    for (std::size_t i = 0; i < all.size(); ++i)
        numbers.emplace(all[i].name, i);
    const auto index_of = [&](const std::string& name) {
        const auto found = numbers.find(name);  // config has checked that it is there
        return found == numbers.end() ? all.size() : found->second;
    };
    std::unordered_map<std::string_view, std::uint64_t> known;
    if (before != nullptr) {
        for (const auto& one : before->all_)
            known.emplace(one.identity, one.serial);
    }
    for (auto& one : all) {
        if (one.by == way::agency) one.through = index_of(one.agency.through);
    }
    const bool some_token = std::any_of(all.begin(), all.end(), [](const auto& d) { return d.by == way::token; });
    for (const auto& account : from.accounts) {
        if (account.projects.empty()) continue;
        // Config has checked that the way through ends; the count is for a file that is wrong elsewhere.
        std::size_t at = index_of(account.credential);
        if (at < all.size()) all[at].signs_calls = true;
        if (some_token) {
            for (const auto& project : account.projects)
                made.regions_.emplace(project.id, project.region);
        }
        for (std::size_t steps = 0; at < all.size() && steps <= all.size(); ++steps) {
            tell_where(all[at], account.projects.front());
            if (all[at].by != way::agency) break;
            at = all[at].through;
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::vector<std::size_t> chain;
        for (std::size_t at = i; at < all.size() && chain.size() <= all.size(); at = all[at].through) {
            chain.push_back(at);
            if (all[at].by != way::agency) break;
        }
        for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
            if (all[*at].serial != 0) continue;
            all[*at].identity = identity(all[*at], all, from);
            const auto same = known.find(all[*at].identity);
            all[*at].serial = same == known.end() ? next_serial() : same->second;
        }
    }
    for (auto& one : all) {
        if (one.by == way::pair) {
            one.marks = look_at(one.pair.files());
            one.first = read_pair(one.pair, problems);
        }
        if (one.by == way::token) static_cast<void>(read(one.token.password, problems, secret_kind::password));
    }
    return made;
}

std::string_view store::region_of(std::string_view project) const {
    const auto found = regions_.find(project);
    return found == regions_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace gateway::credentials
