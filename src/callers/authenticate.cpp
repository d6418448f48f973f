#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "gateway/base/hex.hpp"
#include "gateway/base/time.hpp"
#include "proof_fields.hpp"
#include "tables.hpp"
#include "web_page.hpp"

namespace gateway::callers {

namespace {

// The first 16 of the 64 hex digits that parse_authorization has seen.
std::uint64_t first_bits(std::string_view signature) noexcept {
    std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
    std::uint64_t bits = 0;
    if (read_hex(signature.substr(0, 2 * bytes.size()), bytes)) std::memcpy(&bits, bytes.data(), bytes.size());
    return bits;
}

// Why a signature does not fit: what it covers did not come, or came twice; else it is wrong.
auth_failure why_it_does_not_fit(const signing::authorization& claimed, std::span<const field> fields) noexcept {
    for (std::string_view rest = claimed.signed_headers; !rest.empty();) {
        const auto end = std::min(rest.find(';'), rest.size());
        const auto name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto count =
            std::count_if(fields.begin(), fields.end(), [&](const field& f) { return same_name(f.name, name); });
        if (count == 0) return auth_failure::missing_signed_header;
        if (count > 1) return auth_failure::repeated_signed_header;
    }
    return auth_failure::wrong_signature;
}

// The service that ECS's endpoints are signed for (V11's credential scope).
constexpr std::string_view service = "ecs";

}  // namespace

std::string_view name_of(proof which) noexcept {
    switch (which) {
        case proof::signature:
            return "signature";
        case proof::api_key:
            return "api_key";
        case proof::certificate:
            return "certificate";
        case proof::unix_user:
            return "unix_user";
        case proof::listener:
            return "listener";
    }
    return "unknown";
}

void throw_exception_from_error(const refusal&, const boost::source_location&) {
    throw std::logic_error("a caller's identity was used though authentication refused it");
}

// What a certificate or a unix user proves: nobody, one caller, or (wrong) several at once.
struct directory::connection_proof {
    bool found = false;
    std::optional<auth_failure> wrong{};
    id who{};
    proof by{};
};

// All that a request brings before its body: who it is from, or a signature that has to be right for its body as well.
struct directory::evidence {
    std::optional<identity> proved{};
    signing::authorization claimed{};
    std::chrono::sys_seconds date{};
    const key_pair* pair = nullptr;
};

directory::connection_proof directory::look_at(const connection_facts& on, std::chrono::sys_seconds now) const {
    connection_proof found;
    if (on.certificate_until < now) found.wrong = auth_failure::certificate_expired;
    const auto add = [&found](id who, proof by) {
        if (found.found && found.who != who && !found.wrong)
            found.wrong = by == proof::certificate ? auth_failure::certificate_matches_several
                                                   : auth_failure::proofs_of_two_callers;
        if (!found.found) found = {.found = true, .wrong = found.wrong, .who = who, .by = by};
    };
    for (const std::string& name : on.certificate_names) {
        if (const auto at = tables_->by_certificate.find(name); at != tables_->by_certificate.end())
            add(at->second, proof::certificate);
    }
    if (on.unix_user) {
        if (const auto at = tables_->by_unix_user.find(*on.unix_user); at != tables_->by_unix_user.end())
            add(at->second, proof::unix_user);
    }
    return found;
}

identity directory::proved(id who, proof by) const {
    return {.who = who, .name = tables_->names[static_cast<std::size_t>(who)], .by = by};
}

// Of two kinds of proof both must be right, and right for the same caller.
std::optional<auth_failure> directory::disagreement(const connection_proof& of, id who) const {
    if (of.found) return of.who == who ? std::nullopt : std::optional(auth_failure::proofs_of_two_callers);
    if (tables_->of[static_cast<std::size_t>(who)].connection) return auth_failure::second_proof_missing;
    return std::nullopt;
}

// Who calls where nothing in the request itself tells: by what belongs to the connection or the place.
boost::system::result<identity, auth_failure> directory::by_connection(const connection_proof& of,
                                                                       const connection_facts& on,
                                                                       std::span<const field> fields) const {
    const tables& all = *tables_;
    if (of.found) {
        if (all.of[static_cast<std::size_t>(of.who)].header) return auth_failure::second_proof_missing;
        // No browser speaks over a unix socket, but what forwards one to a port lets pages in.
        if (comes_from_another_origin(fields)) return auth_failure::page_of_another_origin;
        return proved(of.who, of.by);
    }
    // Also one without a name that can be read.
    if (!on.certificate_names.empty() || on.certificate_until != std::chrono::sys_seconds::max())
        return auth_failure::certificate_matches_no_caller;
    const auto at = all.by_listener.find(on.listener);
    if (at == all.by_listener.end())
        return on.unix_user && !all.by_unix_user.empty() ? auth_failure::unix_user_unknown : auth_failure::no_proof;
    if (comes_from_another_origin(fields)) return auth_failure::page_of_another_origin;
    // Over TLS the certificate has no such name, so that the page fails at it.
    if (!at->second.tls && names_a_foreign_host(fields, at->second.hosts)) return auth_failure::foreign_host;
    return proved(at->second.who, proof::listener);
}

// What the operator is shown of the access key that was tried.
std::string_view directory::tried_key(const proof_fields& with) const {
    constexpr std::size_t longest = 128;
    if (with.authorization == nullptr) return {};
    const std::string_view key = access_key_as_tried(with.authorization->value);
    if (key.empty()) return {};
    // A pair the wrong way round, or an API key in its place: easily done, and then it would stand in a log.
    const sha256_digest digest = sha256_of(key);
    if (tables_->secrets.contains(digest) || tables_->by_api_key.contains(digest)) return "(a secret)";
    // The cloud's access keys, and those of any sensible issuer, are of capitals and digits. Other text in their place
    // may be a secret that nobody here knows.
    const bool looks_like_one = std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!looks_like_one && !tables_->by_access_key.contains(key)) return "(may be a secret)";
    return key.substr(0, longest);
}

bool directory::takes_any_signature(std::string_view listener) const {
    if (!tables_->any_signature) return false;
    const auto at = tables_->by_listener.find(listener);
    return at != tables_->by_listener.end() && at->second.any_signature;
}

// All of a signature that can be judged without the body and without the key.
std::optional<auth_failure> directory::look_at_signature(const signing::request& what, const call_facts& call,
                                                         const proof_fields& with, evidence& into) const {
    if (!signing::parse_authorization(with.authorization->value, into.claimed))
        return auth_failure::malformed_authorization;
    // Of what a request does not sign nothing is trusted; a date that is not signed could be any other's.
    if (!signing::covers(into.claimed, "x-sdk-date")) return auth_failure::unsigned_header;
    if (with.date == nullptr) return auth_failure::missing_signed_header;
    const auto date = read_sdk_date(with.date->value);
    if (!date) return auth_failure::unreadable_date;
    into.date = *date;
    if (into.claimed.which == signing::algorithm::v11_hmac_sha256) {
        const signing::scope& where = into.claimed.where;
        if (into.claimed.date != with.date->value.substr(0, 8) || where.service != service ||
            (!call.region.empty() && where.region != call.region))
            return auth_failure::wrong_scope;
    }
    if (!signing::reads_one_way(what.path, what.query)) return auth_failure::unreadable_target;
    return std::nullopt;
}

boost::system::result<directory::evidence, auth_failure> directory::examine(const signing::request& what,
                                                                            const connection_facts& on,
                                                                            const call_facts& call, proof_fields& with,
                                                                            std::chrono::sys_seconds now) const {
    const tables& all = *tables_;
    evidence found;
    const connection_proof connection = look_at(on, now);
    if (connection.wrong) return *connection.wrong;
    bool is_signature = with.authorization != nullptr && signing::is_signature(with.authorization->value);
    if (is_signature && !with.twice && takes_any_signature(on.listener)) {
        with.authorization = nullptr;
        is_signature = false;
    }
    if (with.proofs() == 0) {
        const auto who = by_connection(connection, on, what.fields);
        if (!who) return who.error();
        found.proved = *who;
        return found;
    }
    if (with.proofs() > 1 || with.twice) return auth_failure::two_proofs;

    if (!is_signature) {
        if (with.authorization != nullptr && !is_bearer(with.authorization->value))
            return auth_failure::unsupported_scheme;
        const std::string_view key = with.api_key != nullptr      ? with.api_key->value
                                     : with.auth_token != nullptr ? with.auth_token->value
                                                                  : bearer_key(with.authorization->value);
        const auto at = key.empty() ? all.by_api_key.end() : all.by_api_key.find(sha256_of(key));
        if (at == all.by_api_key.end()) return auth_failure::unknown_api_key;
        if (const auto why = disagreement(connection, at->second)) return *why;
        found.proved = proved(at->second, proof::api_key);
        return found;
    }

    if (const auto why = look_at_signature(what, call, with, found)) return *why;
    const auto at = all.by_access_key.find(found.claimed.access_key);
    if (at == all.by_access_key.end()) return auth_failure::unknown_access_key;
    found.pair = &at->second;
    if (const auto why = disagreement(connection, found.pair->who)) return *why;
    return found;
}

boost::system::result<identity, refusal> directory::authenticate(const signing::request& what,
                                                                 const connection_facts& on, const call_facts& call,
                                                                 std::chrono::sys_seconds now,
                                                                 signing::signer& scratch) const {
    const tables& all = *tables_;
    proof_fields with = pick_proof_fields(what.fields);
    const auto refused = [&](auth_failure why) { return refusal{.why = why, .access_key = tried_key(with)}; };
    const auto found = examine(what, on, call, with, now);
    if (!found) {
        // An unknown access key costs what a wrong signature does.
        signing::authorization claimed;
        if (found.error() == auth_failure::unknown_access_key &&
            signing::parse_authorization(with.authorization->value, claimed))
            static_cast<void>(
                scratch.verify(claimed, what, what.fields, all.nobody.of(claimed.which), with.date->value));
        return refused(found.error());
    }
    if (found->proved) return *found->proved;

    // A body that the signature does not cover (UNSIGNED-PAYLOAD) is no proof of what is asked for.
    if (with.payload != nullptr && with.payload->value != what.payload) return refused(auth_failure::unsigned_body);
    const key_pair& pair = *found->pair;
    if (!scratch.verify(found->claimed, what, what.fields, pair.of(found->claimed.which), with.date->value))
        return refused(why_it_does_not_fit(found->claimed, what.fields));
    // After the signature, so that this answer tells a clock that is off from a wrong key.
    if (found->date < now - all.window || found->date > now + all.window) return refused(auth_failure::outside_window);
    // Asked again, a query does nothing that it has not done; and the SDKs date by whole seconds, so that two like
    // queries of one second have one signature.
    if (all.replay_protection && call.changes) {
        switch (pair.accepted->accept(first_bits(found->claimed.signature), found->date, now, all.window)) {
            case remembered::as_new:
                break;
            case remembered::seen_before:
                return refused(auth_failure::replayed);
            case remembered::too_old:
                return refused(auth_failure::outside_window);
        }
    }
    return proved(pair.who, proof::signature);
}

std::optional<refusal> directory::judge_head(const signing::request& head, const connection_facts& on,
                                             const call_facts& call, std::chrono::sys_seconds now) const {
    proof_fields with = pick_proof_fields(head.fields);
    const auto found = examine(head, on, call, with, now);
    std::optional<auth_failure> why;
    if (!found)
        why = found.error();
    else if (!found->proved && (found->date < now - tables_->window || found->date > now + tables_->window))
        why = auth_failure::outside_window;
    if (!why) return std::nullopt;
    return refusal{.why = *why, .access_key = tried_key(with)};
}

std::vector<std::string_view> directory::callers_of(std::span<const std::string> certificate_names) const {
    std::vector<std::string_view> found;
    for (const std::string& name : certificate_names) {
        const auto at = tables_->by_certificate.find(name);
        if (at != tables_->by_certificate.end()) found.push_back(name_of(at->second));
    }
    return found;
}

}  // namespace gateway::callers
