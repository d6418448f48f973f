#pragma once
// Why a call is not authenticated, for the operator: the `auth_failure` of the outcome line. docs/outcomes.md has a row
// for each (a test compares them). The caller does not learn which of them it was.

#include <array>
#include <cstdint>
#include <string_view>

namespace gateway::callers {

enum class auth_failure : std::uint8_t {
    no_proof,
    two_proofs,
    unknown_api_key,
    unsupported_scheme,
    malformed_authorization,
    unsigned_header,
    missing_signed_header,
    repeated_signed_header,
    unreadable_date,
    wrong_scope,
    unreadable_target,
    unknown_access_key,
    outside_window,
    unsigned_body,
    wrong_signature,
    certificate_matches_no_caller,
    certificate_matches_several,
    certificate_expired,
    unix_user_unknown,
    second_proof_missing,
    proofs_of_two_callers,
    page_of_another_origin,
    foreign_host,
};

// As the outcome line spells them, in the order of auth_failure.
inline constexpr std::array<std::string_view, 23> auth_failure_names{
    "no_proof",
    "two_proofs",
    "unknown_api_key",
    "unsupported_scheme",
    "malformed_authorization",
    "unsigned_header",
    "missing_signed_header",
    "repeated_signed_header",
    "unreadable_date",
    "wrong_scope",
    "unreadable_target",
    "unknown_access_key",
    "outside_window",
    "unsigned_body",
    "wrong_signature",
    "certificate_matches_no_caller",
    "certificate_matches_several",
    "certificate_expired",
    "unix_user_unknown",
    "second_proof_missing",
    "proofs_of_two_callers",
    "page_of_another_origin",
    "foreign_host",
};
static_assert(auth_failure_names.size() == static_cast<std::size_t>(auth_failure::foreign_host) + 1);

[[nodiscard]] constexpr std::string_view name_of(auth_failure failure) noexcept {
    return auth_failure_names[static_cast<std::size_t>(failure)];
}

}  // namespace gateway::callers
