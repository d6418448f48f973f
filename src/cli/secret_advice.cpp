#include "secret_advice.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/escape.hpp"

namespace gateway::cli {

namespace {

namespace fs = std::filesystem;

// Through every folder above it, and wherever symbolic links lead.
bool everybody_can_read(const std::string& path) {
    std::error_code error;
    const fs::path file = fs::canonical(path, error);
    if (error) return false;  // reported elsewhere
    const auto allows = [&error](const fs::path& checked, fs::perms permissions) {
        return (fs::status(checked, error).permissions() & permissions) != fs::perms::none && !error;
    };
    if (!allows(file, fs::perms::others_read)) return false;
    for (fs::path folder = file.parent_path(); folder != folder.root_path(); folder = folder.parent_path()) {
        if (!allows(folder, fs::perms::others_exec)) return false;
    }
    return true;
}

void warn_of_mode(const std::string& file, config::location location, std::vector<config::problem>& problems) {
    if (!everybody_can_read(file)) return;
    problems.push_back(
        {std::move(location), "every user of this machine can read " + json_string(file) + "; chmod o-r it", true});
}

bool is_quoted(std::string_view text) {
    return text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
}

// AK=…, as in a file that a shell reads. An = that more of them or nothing follows is padding of base64.
bool is_assignment(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size() || text[equals + 1] == '=')
        return false;
    const auto name = text.substr(0, equals);
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

void warn_of_text(const config::source& source, credentials::secret_kind kind, std::vector<config::problem>& problems) {
    std::vector<config::problem> told_elsewhere;
    const auto text = credentials::read(source, told_elsewhere, kind);
    if (!text) return;
    const bool is_file = source.origin == config::source::kind::file;
    const std::string name = (is_file ? "the text of file " : "environment variable ") + json_string(source.name);
    if (is_quoted(text->reveal()))
        problems.push_back(
            {source.location, name + " begins and ends with a quote, which counts as part of the secret", true});
    if (is_assignment(text->reveal()))
        problems.push_back(
            {source.location,
             name + " looks like NAME=VALUE, all of which counts as the secret; expected the value alone", true});
}

}  // namespace

void for_each_secret(const config::settings& settings,
                     const std::function<void(const config::source&, credentials::secret_kind)>& visit) {
    using credentials::secret_kind;
    for (const auto& caller : settings.callers) {
        if (caller.secret_key) visit(*caller.secret_key, secret_kind::key);
    }
    for (const auto& credential : settings.credentials) {
        if (credential.token) visit(credential.token->password, secret_kind::password);
        if (!credential.pair) continue;
        visit(credential.pair->access_key, secret_kind::key);
        visit(credential.pair->secret_key, secret_kind::key);
        if (credential.pair->security_token) visit(*credential.pair->security_token, secret_kind::key);
    }
    if (settings.ledger.postgresql) visit(settings.ledger.postgresql->connection, secret_kind::password);
}

void advise_on_secrets(const config::settings& settings, const credentials::store* store,
                       std::vector<config::problem>& problems) {
    // It is made of NAME=VALUE.
    const auto* const connection = settings.ledger.postgresql ? &settings.ledger.postgresql->connection : nullptr;
    for_each_secret(settings, [&](const config::source& one, credentials::secret_kind kind) {
        if (one.origin == config::source::kind::file) warn_of_mode(one.name, one.location, problems);
        const bool has_text = one.origin == config::source::kind::file || one.origin == config::source::kind::env;
        if (has_text && &one != connection) warn_of_text(one, kind, problems);
    });
    for (const auto& listener : settings.listeners) {
        if (!listener.tls) continue;
        config::location location = listener.tls->location;
        location.path += ".private_key";
        warn_of_mode(listener.tls->private_key, std::move(location), problems);
    }
    if (store == nullptr) return;
    for (const auto& credential : store->all()) {
        if (credential.pair.profile)
            warn_of_mode(*credential.pair.profile, credential.pair.parts.access_key.location, problems);
    }
}

}  // namespace gateway::cli
