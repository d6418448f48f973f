#include "gateway/credentials/pair_files.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "gateway/base/escape.hpp"
#include "gateway/credentials/read.hpp"
#include "profile.hpp"

namespace gateway::credentials {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_half_way = 5s;

signing::algorithm algorithm_of(config::algorithm which) {
    return which == config::algorithm::v11_hmac_sha256 ? signing::algorithm::v11_hmac_sha256
                                                       : signing::algorithm::sdk_hmac_sha256;
}

std::string describe_source(const config::source& from) {
    switch (from.from) {
        case config::source::kind::env:
            return "environment variable " + from.name;
        case config::source::kind::file:
            return "file " + json_string(from.name);
        case config::source::kind::literal:
        case config::source::kind::plain:
            break;
    }
    return "the configuration file";
}

shared_secret read_from_profile(const pair_source& from, std::vector<config::problem>& problems) {
    const auto refuse = [&](const std::string& why) {
        problems.push_back(
            {from.parts.access_key.at, "the SDK's profile file " + json_string(*from.profile) + " " + why});
        return nullptr;
    };
    std::string wrong;
    const auto text = read_whole(*from.profile, wrong);
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
        if (part.from == config::source::kind::file) named.push_back(part.name);
    };
    add(parts.access_key);
    add(parts.secret_key);
    if (parts.security_token) add(*parts.security_token);
    return named;
}

std::string pair_source::describe() const {
    if (profile) return "the SDK's profile file " + json_string(*profile);
    const std::string key = describe_source(parts.access_key), secret_key = describe_source(parts.secret_key);
    const bool named_here = parts.access_key.from == config::source::kind::plain;  // no secret, so no place to look at
    std::string text = named_here || key == secret_key ? secret_key : key + ", " + secret_key;
    if (parts.security_token) {
        const auto token = describe_source(*parts.security_token);
        if (token != secret_key) text += ", " + token;
    }
    return text;
}

// All parts are read, so that all that is wrong is told at once.
shared_secret read_pair(const pair_source& from, std::vector<config::problem>& problems) {
    if (from.profile) return read_from_profile(from, problems);
    const auto& parts = from.parts;
    const auto access_key = read(parts.access_key, problems);
    const auto secret_key = read(parts.secret_key, problems);
    std::optional<secret_text> token;
    if (parts.security_token) token = read(*parts.security_token, problems);
    if (!access_key || !secret_key || (parts.security_token && !token)) return nullptr;
    return make_pair(algorithm_of(parts.sign_with), access_key->reveal(), secret_key->reveal(),
                     token ? &*token : nullptr, false);
}

file_marks look_at(const std::vector<std::string>& files) {
    file_marks marks;
    for (const auto& path : files) {
        struct stat is {};
        if (::stat(path.c_str(), &is) != 0) {
            marks.emplace_back();
            continue;
        }
        marks.push_back({is.st_dev, is.st_ino, static_cast<std::uint64_t>(is.st_size), nanoseconds_of(is.st_mtim),
                         nanoseconds_of(is.st_ctim)});
    }
    return marks;
}

rotation::rotation(pair_source what, shared_secret now, file_marks marks)
    : what_(std::move(what)), now_(std::move(now)), read_(marks), last_(std::move(marks)) {}

shared_secret rotation::look(time now, std::string& trouble) {
    auto marks = look_at(what_.files());
    const bool settled = marks == last_;
    last_ = marks;
    if (settled && marks != read_) {
        std::vector<config::problem> problems;
        auto fresh = read_pair(what_, problems);
        const bool whole = look_at(what_.files()) == marks;  // nothing changed while it was read
        if (whole && !fresh) {
            trouble_ = problems.empty() ? "its files can't be read" : problems.front().what;
            read_ = marks;
            half_since_.reset();
        }
        if (whole && fresh) {
            const bool waits = half_way(*fresh) && now - half_since_.value_or(now) < longest_half_way;
            if (waits) {
                half_since_ = half_since_.value_or(now);
            } else {
                half_since_.reset();
                trouble_.clear();
                read_ = std::move(marks);
                const bool another = !now_ || fresh->prints != now_->prints;
                if (another) now_ = fresh;
                trouble = trouble_;
                return another ? now_ : nullptr;
            }
        }
    }
    trouble = trouble_;
    return nullptr;
}

// Some parts are new and others are not: the rest is still to come.
bool rotation::half_way(const secret& fresh) const {
    if (!now_) return false;
    const std::size_t parts = fresh.token ? 3 : 2;
    std::size_t changed = 0;
    for (std::size_t i = 0; i < parts; ++i)
        changed += fresh.prints[i] != now_->prints[i] ? 1U : 0U;
    return changed > 0 && changed < parts;
}

}  // namespace gateway::credentials
