#include <array>
#include <cstring>
#include <stdexcept>

#include "gateway/base/hex.hpp"
#include "gateway/base/time.hpp"
#include "tables.hpp"

namespace gateway::callers {

namespace {

constexpr std::string_view authorization_name = "Authorization";
constexpr std::string_view bearer = "Bearer ";  // RFC 6750, 2.1; a scheme's case does not count (RFC 9110, 11.1)

// Which of a request's fields have to do with who sends it; one that occurs twice is in `twice`.
struct proof_fields {
    const field* authorization = nullptr;
    const field* api_key = nullptr;
    const field* auth_token = nullptr;
    const field* date = nullptr;
    const field* payload = nullptr;
    bool twice = false;
};

proof_fields pick(std::span<const field> fields) noexcept {
    proof_fields found;
    for (const field& one : fields) {
        const auto take = [&](std::string_view name, const field*& to) {
            if (!same_name(one.name, name)) return;
            if (to != nullptr) found.twice = true;
            to = &one;
        };
        // The length alone tells most fields apart.
        switch (one.name.size()) {
            case 9:
                take("X-Api-Key", found.api_key);
                break;
            case 10:
                take("X-Sdk-Date", found.date);
                break;
            case 12:
                take("X-Auth-Token", found.auth_token);
                break;
            case 13:
                take(authorization_name, found.authorization);
                break;
            case 20:
                take("X-Sdk-Content-Sha256", found.payload);
                break;
            default:
                break;
        }
    }
    return found;
}

// The key of "Bearer KEY"; empty for any other scheme.
std::string_view bearer_key(std::string_view authorization) noexcept {
    if (authorization.size() <= bearer.size() || !same_name(authorization.substr(0, bearer.size()), bearer)) return {};
    authorization.remove_prefix(bearer.size());
    const std::size_t start = authorization.find_first_not_of(' ');
    return start == std::string_view::npos ? std::string_view() : authorization.substr(start);
}

// The first 16 of the 64 hex digits that parse_authorization has seen.
std::uint64_t first_bits(std::string_view signature) noexcept {
    std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
    std::uint64_t bits = 0;
    if (read_hex(signature.substr(0, 2 * bytes.size()), bytes)) std::memcpy(&bits, bytes.data(), bytes.size());
    return bits;
}

// Everything about a signed request that can be judged without a key; false for what no SDK sends.
bool well_formed(const signing::request& what, const proof_fields& with, signing::authorization& claimed,
                 std::chrono::sys_seconds& date) {
    if (!signing::parse_authorization(with.authorization->value, claimed)) return false;
    // Of what a request does not sign nothing is trusted; a date that is not signed could be any other's.
    if (with.date == nullptr || !signing::covers(claimed, "x-sdk-date")) return false;
    const auto read = read_sdk_date(with.date->value);
    if (!read) return false;
    date = *read;
    if (claimed.which == signing::algorithm::v11_hmac_sha256 && claimed.date != with.date->value.substr(0, 8))
        return false;
    // A body that the signature does not cover (UNSIGNED-PAYLOAD) is no proof of what is asked for.
    if (with.payload != nullptr && with.payload->value != what.payload) return false;
    return signing::reads_one_way(what.path, what.query);
}

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

void throw_exception_from_error(refusal, const boost::source_location&) {
    throw std::logic_error("a caller's identity was used though authentication refused it");
}

bool directory::brings_signature(std::span<const field> fields) noexcept {
    for (const field& one : fields) {
        if (same_name(one.name, authorization_name) && signing::is_signature(one.value)) return true;
    }
    return false;
}

// Whom a client certificate or a unix user proves: nobody, one caller, or (wrong) several at once.
struct directory::proved_by_connection {
    enum class kind : std::uint8_t { nobody, somebody, wrong };
    kind is = kind::nobody;
    id who{};
    proof by{};
};

directory::proved_by_connection directory::look_at(const connection_facts& on) const {
    using kind = proved_by_connection::kind;
    proved_by_connection found;
    const auto add = [&found](id who, proof by) {
        if (found.is == kind::somebody && found.who != who) found.is = kind::wrong;
        if (found.is == kind::nobody) found = {kind::somebody, who, by};
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

boost::system::result<identity, refusal> directory::authenticate(const signing::request& what,
                                                                 const connection_facts& on,
                                                                 std::chrono::sys_seconds now,
                                                                 signing::signer& scratch) const {
    const tables& all = *tables_;
    const auto proved = [&all](id who, proof by) {
        return identity{.who = who, .name = all.names[static_cast<std::size_t>(who)], .by = by};
    };
    const proof_fields with = pick(what.fields);
    const auto connection = look_at(on);
    if (connection.is == proved_by_connection::kind::wrong) return refusal::not_authenticated;
    // Of two kinds of proof both must be right, and right for the same caller.
    const auto agrees = [&](id who) {
        if (connection.is == proved_by_connection::kind::somebody) return connection.who == who;
        return !all.of[static_cast<std::size_t>(who)].connection;
    };
    const int header_proofs = (with.authorization != nullptr ? 1 : 0) + (with.api_key != nullptr ? 1 : 0) +
                              (with.auth_token != nullptr ? 1 : 0);
    if (header_proofs == 0) {
        if (connection.is == proved_by_connection::kind::somebody) {
            if (all.of[static_cast<std::size_t>(connection.who)].header) return refusal::not_authenticated;
            return proved(connection.who, connection.by);
        }
        if (!on.certificate_names.empty()) return refusal::not_authenticated;  // nobody's certificate
        const auto at = all.by_listener.find(on.listener);
        if (at == all.by_listener.end()) return refusal::not_authenticated;
        return proved(at->second, proof::listener);
    }
    if (header_proofs > 1 || with.twice) return refusal::not_authenticated;

    if (with.authorization == nullptr || !signing::is_signature(with.authorization->value)) {
        const std::string_view key = with.api_key != nullptr      ? with.api_key->value
                                     : with.auth_token != nullptr ? with.auth_token->value
                                                                  : bearer_key(with.authorization->value);
        if (key.empty()) return refusal::not_authenticated;
        const auto at = all.by_api_key.find(sha256_of(key));
        if (at == all.by_api_key.end() || !agrees(at->second)) return refusal::not_authenticated;
        return proved(at->second, proof::api_key);
    }

    signing::authorization claimed;
    std::chrono::sys_seconds date;
    if (!well_formed(what, with, claimed, date)) return refusal::not_authenticated;
    const auto at = all.by_access_key.find(claimed.access_key);
    const bool known = at != all.by_access_key.end();
    const key_pair& pair = known ? at->second : all.nobody;
    const bool right = scratch.verify(claimed, what, what.fields, pair.of(claimed.which), with.date->value);
    if (!right || !known || !agrees(pair.who)) return refusal::not_authenticated;

    // Only who holds the key learns how far its clock is off.
    if (date < now - all.window || date > now + all.window) return refusal::outside_window;
    if (all.replay_protection) {
        switch (pair.accepted->accept(first_bits(claimed.signature), date, now, all.window)) {
            case remembered::as_new:
                break;
            case remembered::seen_before:
                return refusal::replayed;
            case remembered::too_old:
                return refusal::outside_window;
        }
    }
    return proved(pair.who, proof::signature);
}

}  // namespace gateway::callers
