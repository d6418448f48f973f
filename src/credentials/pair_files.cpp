#include "gateway/credentials/pair_files.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "gateway/base/escape.hpp"
#include "gateway/credentials/read.hpp"
#include "profile.hpp"

namespace gateway::credentials {

namespace {

using namespace std::chrono_literals;

constexpr auto max_partial_time = 5s;

std::string describe_source(const config::source& source) {
    switch (source.origin) {
        case config::source::kind::env:
            return "environment variable " + source.name;
        case config::source::kind::file:
            return "file " + json_string(source.name);
        case config::source::kind::literal:
        case config::source::kind::plain:
            break;
    }
    return "the configuration file";
}

shared_secret read_from_profile(const pair_source& source, std::vector<config::problem>& problems) {
    const auto refuse = [&](const std::string& reason) {
        problems.push_back({source.parts.access_key.location,
                            "the SDK's profile file " + json_string(*source.profile) + " " + reason});
        return nullptr;
    };
    std::string wrong;
    const auto text = read_whole(*source.profile, wrong);
    if (!text) return refuse(wrong);
    const auto found = read_profile(text->reveal());
    if (!found) return refuse("has no section [basic] with ak and sk");
    if (!is_key(found->access_key) || !is_key(found->secret_key) ||
        !(found->security_token.empty() || is_key(found->security_token)))
        return refuse("holds a character in ak, sk or security_token that no key has");
    const secret_text token(found->security_token);
    return make_pair(signing::algorithm::sdk_hmac_sha256, found->access_key, found->secret_key,
                     token.empty() ? nullptr : &token, false);
}

std::int64_t nanoseconds_of(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

std::vector<std::string> pair_source::files() const {
    if (profile) return {*profile};
    std::vector<std::string> named;
    const auto add = [&](const config::source& part) {
        if (part.origin == config::source::kind::file) named.push_back(part.name);
    };
    add(parts.access_key);
    add(parts.secret_key);
    if (parts.security_token) add(*parts.security_token);
    return named;
}

std::string pair_source::describe() const {
    if (profile) return "the SDK's profile file " + json_string(*profile);
    const std::string key = describe_source(parts.access_key), secret_key = describe_source(parts.secret_key);
    const bool named_here =
        parts.access_key.origin == config::source::kind::plain;  // no secret, so its place does not matter
    std::string text = named_here || key == secret_key ? secret_key : key + ", " + secret_key;
    if (parts.security_token) {
        const auto token = describe_source(*parts.security_token);
        if (token != secret_key) text += ", " + token;
    }
    return text;
}

// All parts are read, so that every problem is reported.
shared_secret read_pair(const pair_source& source, std::vector<config::problem>& problems) {
    if (source.profile) return read_from_profile(source, problems);
    const auto& parts = source.parts;
    const auto access_key = read(parts.access_key, problems);
    const auto secret_key = read(parts.secret_key, problems);
    std::optional<secret_text> token;
    if (parts.security_token) token = read(*parts.security_token, problems);
    if (!access_key || !secret_key || (parts.security_token && !token)) return nullptr;
    return make_pair(parts.sign_with, access_key->reveal(), secret_key->reveal(), token ? &*token : nullptr, false);
}

file_marks marks_of(const std::vector<std::string>& files) {
    file_marks marks;
    for (const auto& path : files) {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) {
            marks.emplace_back();
            continue;
        }
        marks.push_back({status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                         nanoseconds_of(status.st_mtim), nanoseconds_of(status.st_ctim)});
    }
    return marks;
}

rotation::rotation(pair_source source, shared_secret current, file_marks marks)
    : source_(std::move(source)), current_(std::move(current)), read_marks_(marks), last_marks_(std::move(marks)) {}

shared_secret rotation::poll(time now, std::string& trouble) {
    auto marks = marks_of(source_.files());
    const bool settled = marks == last_marks_;
    last_marks_ = marks;
    if (settled && marks != read_marks_) {
        std::vector<config::problem> problems;
        auto fresh = read_pair(source_, problems);
        const bool whole = marks_of(source_.files()) == marks;  // nothing changed while it was read
        if (whole && !fresh) {
            trouble_ = problems.empty() ? "its files can't be read" : problems.front().message;
            read_marks_ = marks;
            partial_since_.reset();
        }
        if (whole && fresh) {
            const bool waits = is_partial(*fresh) && now - partial_since_.value_or(now) < max_partial_time;
            if (waits) {
                partial_since_ = partial_since_.value_or(now);
            } else {
                partial_since_.reset();
                trouble_.clear();
                read_marks_ = std::move(marks);
                const bool another = !current_ || fresh->fingerprints != current_->fingerprints;
                if (another) current_ = fresh;
                trouble = trouble_;
                return another ? current_ : nullptr;
            }
        }
    }
    trouble = trouble_;
    return nullptr;
}

// Some parts are new and others are not yet.
bool rotation::is_partial(const secret& fresh) const {
    if (!current_) return false;
    const std::size_t parts = fresh.token ? 3 : 2;
    std::size_t changed = 0;
    for (std::size_t i = 0; i < parts; ++i)
        changed += fresh.fingerprints[i] != current_->fingerprints[i] ? 1U : 0U;
    return changed > 0 && changed < parts;
}

}  // namespace gateway::credentials
