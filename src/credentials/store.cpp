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
using source_type = definition::source_type;

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

config::source variable(const char* name, const config::location& place) {
    return {.origin = config::source::kind::env, .name = name, .text = nullptr, .location = place};
}

bool is_set(const char* name) {
    const char* const text =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets a variable while threads run
    return text != nullptr && *text != '\0';
}

// Where the official SDK looks, in its order: environment, profile file, metadata.
void resolve_sdk_default(definition& result, const config::location& place) {
    if (is_set(sdk_access_key) && is_set(sdk_secret_key)) {
        result.type = source_type::pair;
        result.pair.parts.access_key = variable(sdk_access_key, place);
        result.pair.parts.secret_key = variable(sdk_secret_key, place);
        if (is_set(sdk_security_token)) result.pair.parts.security_token = variable(sdk_security_token, place);
        return;
    }
    std::error_code ignored;  // a file that can't be looked at is one that is not there
    if (auto path = profile_path(); !path.empty() && std::filesystem::exists(path, ignored)) {
        result.type = source_type::pair;
        result.pair.parts.access_key.location = place;
        result.pair.profile = std::move(path);
        return;
    }
    result.type = source_type::metadata;
}

std::string domain_of(const std::optional<std::string>& name, const std::optional<std::string>& number) {
    return name ? *name : number.value_or("");
}

definition make_definition(const config::credential& one) {
    definition made;
    made.name = one.name;
    made.preload = one.preload;
    switch (one.type) {
        case kind::pair:
            made.type = source_type::pair;
            if (one.pair) made.pair.parts = *one.pair;
            break;
        case kind::sdk_default:
            resolve_sdk_default(made, one.location);
            break;
        case kind::metadata:
            made.type = source_type::metadata;
            break;
        case kind::token:
            made.type = source_type::token;
            if (one.token) made.token = *one.token;
            made.source =
                "IAM user " + made.token.user_name + " of " + domain_of(made.token.domain_name, made.token.domain_id);
            break;
        case kind::agency:
            made.type = source_type::agency;
            if (one.agency) made.agency = *one.agency;
            made.source = "agency " + made.agency.agency_name + " of " +
                          domain_of(made.agency.domain_name, made.agency.domain_id) + ", through " +
                          made.agency.through;
            break;
    }
    if (made.type == source_type::pair) made.source = made.pair.describe();
    if (made.type == source_type::metadata) made.source = "the metadata service of this server";
    return made;
}

// Text that changes when the credential does, without secrets.
std::string identity(const definition& credential, const std::vector<definition>& all,
                     const config::settings& settings) {
    std::string text = std::to_string(static_cast<int>(credential.type)) + '\n' + credential.name + '\n' +
                       credential.source + '\n' + credential.region + '\n' + credential.project + '\n';
    const auto literal = [&](const config::source& source) {
        if (source.text) text += to_hex(sha256_of(source.text->reveal()));
        text += source.name + '\n';
    };
    if (credential.type == source_type::pair) {
        literal(credential.pair.parts.access_key);
        literal(credential.pair.parts.secret_key);
        if (credential.pair.parts.security_token) literal(*credential.pair.parts.security_token);
        text += std::to_string(static_cast<int>(credential.pair.parts.sign_with));
    }
    if (credential.type == source_type::token) literal(credential.token.password);
    if (credential.type == source_type::agency)
        text +=
            std::to_string(credential.agency.duration.count()) + ' ' + std::to_string(all[credential.through].serial);
    if (const auto region = settings.regions.find(credential.region); region != settings.regions.end())
        text += region->second.iam.authority() + ' ' + region->second.ecs.authority();
    return text;
}

// An agency's pair is requested in the region where it is used; the credential that may assume it is needed there, too.
void set_region(definition& credential, const config::project& project) {
    if (!credential.region.empty()) return;
    credential.region = project.region;
    credential.project = project.id;
}

}  // namespace

std::string describe(const config::credential& one) { return make_definition(one).source; }

store store::load(const config::settings& settings, std::vector<config::problem>& problems, const store* previous) {
    store made;
    for (const auto& one : settings.credentials)
        made.all_.push_back(make_definition(one));
    auto& all = made.all_;
    std::unordered_map<std::string_view, std::size_t> numbers;
    for (std::size_t i = 0; i < all.size(); ++i)
        numbers.emplace(all[i].name, i);
    const auto index_of = [&](const std::string& name) {
        const auto found = numbers.find(name);  // config has checked that it is there
        return found == numbers.end() ? all.size() : found->second;
    };
    std::unordered_map<std::string_view, std::uint64_t> known;
    if (previous != nullptr) {
        for (const auto& one : previous->all_)
            known.emplace(one.identity, one.serial);
    }
    for (auto& one : all) {
        if (one.type == source_type::agency) one.through = index_of(one.agency.through);
    }
    const bool some_token =
        std::any_of(all.begin(), all.end(), [](const auto& d) { return d.type == source_type::token; });
    for (const auto& account : settings.accounts) {
        if (account.projects.empty()) continue;
        // Config has checked that the chain of agencies ends; the count is for a file that is wrong elsewhere.
        std::size_t index = index_of(account.credential);
        if (index < all.size()) all[index].signs_calls = true;
        if (some_token) {
            for (const auto& project : account.projects)
                made.regions_.emplace(project.id, project.region);
        }
        for (std::size_t steps = 0; index < all.size() && steps <= all.size(); ++steps) {
            set_region(all[index], account.projects.front());
            if (all[index].type != source_type::agency) break;
            index = all[index].through;
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::vector<std::size_t> chain;
        for (std::size_t index = i; index < all.size() && chain.size() <= all.size(); index = all[index].through) {
            chain.push_back(index);
            if (all[index].type != source_type::agency) break;
        }
        for (auto index = chain.rbegin(); index != chain.rend(); ++index) {
            if (all[*index].serial != 0) continue;
            all[*index].identity = identity(all[*index], all, settings);
            const auto same = known.find(all[*index].identity);
            all[*index].serial = same == known.end() ? next_serial() : same->second;
        }
    }
    for (auto& one : all) {
        if (one.type == source_type::pair) {
            one.marks = marks_of(one.pair.files());
            one.first = read_pair(one.pair, problems);
        }
        if (one.type == source_type::token)
            static_cast<void>(read(one.token.password, problems, secret_kind::password));
    }
    return made;
}

std::string_view store::region_of(std::string_view project) const {
    const auto found = regions_.find(project);
    return found == regions_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace gateway::credentials
