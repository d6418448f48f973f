#include <algorithm>
#include <stdexcept>

#include "gateway/base/time.hpp"
#include "proof_fields.hpp"
#include "tables.hpp"
#include "web_page.hpp"

namespace gateway::callers {

namespace {

// The failure of a signature that does not fit: a signed header is missing or repeated; else it is wrong.
auth_failure signature_failure(const signing::authorization& claimed, std::span<const field> fields) noexcept {
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

std::string_view name_of(proof_kind kind) noexcept {
    switch (kind) {
        case proof_kind::signature:
            return "signature";
        case proof_kind::api_key:
            return "api_key";
        case proof_kind::certificate:
            return "certificate";
        case proof_kind::unix_user:
            return "unix_user";
        case proof_kind::listener:
            return "listener";
    }
    return "unknown";
}

void throw_exception_from_error(const authentication_error&, const boost::source_location&) {
    throw std::logic_error("a caller's identity was used though authentication refused it");
}

// The caller that a certificate or a unix user proves, if any; `wrong` where there are several.
struct directory::connection_proof {
    bool exists = false;
    std::optional<auth_failure> wrong{};
    caller_id caller{};
    proof_kind proof{};
};

// The result of a head: the caller, or a signature that must also fit the body.
struct directory::evidence {
    std::optional<identity> proved{};
    signing::authorization claimed{};
    std::chrono::sys_seconds date{};
    const key_pair* pair = nullptr;
};

directory::connection_proof directory::find_connection_proof(const connection_facts& connection,
                                                             std::chrono::sys_seconds now) const {
    connection_proof found;
    if (connection.certificate_until < now) found.wrong = auth_failure::certificate_expired;
    const auto add = [&found](caller_id caller, proof_kind proof) {
        if (found.exists && found.caller != caller && !found.wrong)
            found.wrong = proof == proof_kind::certificate ? auth_failure::certificate_matches_several
                                                           : auth_failure::proofs_of_two_callers;
        if (!found.exists) found = {.exists = true, .wrong = found.wrong, .caller = caller, .proof = proof};
    };
    for (const std::string& name : connection.certificate_names) {
        if (const auto entry = tables_->by_certificate.find(name); entry != tables_->by_certificate.end())
            add(entry->second, proof_kind::certificate);
    }
    if (connection.unix_user) {
        if (const auto entry = tables_->by_unix_user.find(*connection.unix_user); entry != tables_->by_unix_user.end())
            add(entry->second, proof_kind::unix_user);
    }
    return found;
}

identity directory::identity_of(caller_id caller, proof_kind kind) const {
    return {.caller = caller, .name = tables_->names[static_cast<std::size_t>(caller)], .proof = kind};
}

// Of two kinds of proof both must be right, and right for the same caller.
std::optional<auth_failure> directory::disagreement(const connection_proof& from_connection, caller_id caller) const {
    if (from_connection.exists)
        return from_connection.caller == caller ? std::nullopt : std::optional(auth_failure::proofs_of_two_callers);
    if (tables_->required_proofs[static_cast<std::size_t>(caller)].connection)
        return auth_failure::second_proof_missing;
    return std::nullopt;
}

// The caller of a request without a proof of its own: by the connection, or by the listener.
boost::system::result<identity, auth_failure> directory::identify_by_connection(const connection_proof& from_connection,
                                                                                const connection_facts& connection,
                                                                                std::span<const field> fields) const {
    const tables& all = *tables_;
    if (from_connection.exists) {
        if (all.required_proofs[static_cast<std::size_t>(from_connection.caller)].header)
            return auth_failure::second_proof_missing;
        // No browser uses a unix socket, but a proxy from a port to the socket lets pages in.
        if (comes_from_another_origin(fields)) return auth_failure::page_of_another_origin;
        return identity_of(from_connection.caller, from_connection.proof);
    }
    // Also one without a name that can be read.
    if (!connection.certificate_names.empty() || connection.certificate_until != std::chrono::sys_seconds::max())
        return auth_failure::certificate_matches_no_caller;
    const auto entry = all.by_listener.find(connection.listener);
    if (entry == all.by_listener.end())
        return connection.unix_user && !all.by_unix_user.empty() ? auth_failure::unix_user_unknown
                                                                 : auth_failure::no_proof;
    if (comes_from_another_origin(fields)) return auth_failure::page_of_another_origin;
    // Over TLS the certificate has no such name, so that the page fails at it.
    if (!entry->second.tls && names_a_foreign_host(fields, entry->second.hosts)) return auth_failure::foreign_host;
    return identity_of(entry->second.caller, proof_kind::listener);
}

// The access key that was tried, as the operator sees it.
std::string_view directory::tried_access_key(const proof_fields& fields) const {
    constexpr std::size_t longest = 128;
    if (fields.authorization == nullptr) return {};
    const std::string_view key = access_key_as_tried(fields.authorization->value);
    if (key.empty()) return {};
    // A pair the wrong way round, or an API key in its place: a common mistake, and then a secret would be logged.
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
    const auto entry = tables_->by_listener.find(listener);
    return entry != tables_->by_listener.end() && entry->second.any_signature;
}

// Checks all of a signature that needs neither the body nor the key.
std::optional<auth_failure> directory::check_signature_form(const signing::request& request, const call_facts& call,
                                                            const proof_fields& fields, evidence& found) const {
    if (!signing::parse_authorization(fields.authorization->value, found.claimed))
        return auth_failure::malformed_authorization;
    // Headers that are not signed are not trusted; an unsigned date could be from another request.
    if (!signing::covers(found.claimed, "x-sdk-date")) return auth_failure::unsigned_header;
    if (fields.date == nullptr) return auth_failure::missing_signed_header;
    const auto date = read_sdk_date(fields.date->value);
    if (!date) return auth_failure::unreadable_date;
    found.date = *date;
    if (found.claimed.algorithm == signing::algorithm::v11_hmac_sha256) {
        const signing::scope& scope = found.claimed.scope;
        if (found.claimed.date != fields.date->value.substr(0, 8) || scope.service != service ||
            (!call.region.empty() && scope.region != call.region))
            return auth_failure::wrong_scope;
    }
    if (!signing::reads_one_way(request.path, request.query)) return auth_failure::unreadable_target;
    return std::nullopt;
}

boost::system::result<directory::evidence, auth_failure> directory::examine(const signing::request& request,
                                                                            const connection_facts& connection,
                                                                            const call_facts& call,
                                                                            proof_fields& fields,
                                                                            std::chrono::sys_seconds now) const {
    const tables& all = *tables_;
    evidence found;
    const connection_proof from_connection = find_connection_proof(connection, now);
    if (from_connection.wrong) return *from_connection.wrong;
    bool is_signature = fields.authorization != nullptr && signing::is_signature(fields.authorization->value);
    if (is_signature && !fields.repeated && takes_any_signature(connection.listener)) {
        fields.authorization = nullptr;
        is_signature = false;
    }
    if (fields.proofs() == 0) {
        const auto caller = identify_by_connection(from_connection, connection, request.fields);
        if (!caller) return caller.error();
        found.proved = *caller;
        return found;
    }
    if (fields.proofs() > 1 || fields.repeated) return auth_failure::two_proofs;

    if (!is_signature) {
        if (fields.authorization != nullptr && !is_bearer(fields.authorization->value))
            return auth_failure::unsupported_scheme;
        const std::string_view key = fields.api_key != nullptr      ? fields.api_key->value
                                     : fields.auth_token != nullptr ? fields.auth_token->value
                                                                    : bearer_key(fields.authorization->value);
        const auto entry = key.empty() ? all.by_api_key.end() : all.by_api_key.find(sha256_of(key));
        if (entry == all.by_api_key.end()) return auth_failure::unknown_api_key;
        if (const auto failure = disagreement(from_connection, entry->second)) return *failure;
        found.proved = identity_of(entry->second, proof_kind::api_key);
        return found;
    }

    if (const auto failure = check_signature_form(request, call, fields, found)) return *failure;
    const auto entry = all.by_access_key.find(found.claimed.access_key);
    if (entry == all.by_access_key.end()) return auth_failure::unknown_access_key;
    found.pair = &entry->second;
    if (const auto failure = disagreement(from_connection, found.pair->caller)) return *failure;
    return found;
}

boost::system::result<identity, authentication_error> directory::authenticate(const signing::request& request,
                                                                              const connection_facts& connection,
                                                                              const call_facts& call,
                                                                              std::chrono::sys_seconds now,
                                                                              signing::signer& signer) const {
    const tables& all = *tables_;
    proof_fields fields = pick_proof_fields(request.fields);
    const auto refused = [&](auth_failure failure) {
        return authentication_error{.reason = failure, .access_key = tried_access_key(fields)};
    };
    const auto found = examine(request, connection, call, fields, now);
    if (!found) {
        // An unknown access key costs what a wrong signature does.
        signing::authorization claimed;
        if (found.error() == auth_failure::unknown_access_key &&
            signing::parse_authorization(fields.authorization->value, claimed))
            static_cast<void>(signer.verify(claimed, request, request.fields, all.nobody.key_for(claimed.algorithm),
                                            fields.date->value));
        return refused(found.error());
    }
    if (found->proved) return *found->proved;

    // A body that the signature does not cover (UNSIGNED-PAYLOAD) is not authenticated.
    if (fields.payload != nullptr && fields.payload->value != request.payload)
        return refused(auth_failure::unsigned_body);
    const key_pair& pair = *found->pair;
    if (!signer.verify(found->claimed, request, request.fields, pair.key_for(found->claimed.algorithm),
                       fields.date->value))
        return refused(signature_failure(found->claimed, request.fields));
    // After the signature, so that a wrong clock and a wrong key have different answers.
    if (found->date < now - all.window || found->date > now + all.window) return refused(auth_failure::outside_window);
    return identity_of(pair.caller, proof_kind::signature);
}

std::optional<authentication_error> directory::check_head(const signing::request& head,
                                                          const connection_facts& connection, const call_facts& call,
                                                          std::chrono::sys_seconds now) const {
    proof_fields fields = pick_proof_fields(head.fields);
    const auto found = examine(head, connection, call, fields, now);
    std::optional<auth_failure> failure;
    if (!found)
        failure = found.error();
    else if (!found->proved && (found->date < now - tables_->window || found->date > now + tables_->window))
        failure = auth_failure::outside_window;
    if (!failure) return std::nullopt;
    return authentication_error{.reason = *failure, .access_key = tried_access_key(fields)};
}

std::vector<std::string_view> directory::callers_of(std::span<const std::string> certificate_names) const {
    std::vector<std::string_view> found;
    for (const std::string& name : certificate_names) {
        const auto entry = tables_->by_certificate.find(name);
        if (entry != tables_->by_certificate.end()) found.push_back(name_of(entry->second));
    }
    return found;
}

}  // namespace gateway::callers
