#pragma once
// What is said to IAM and to the metadata service, and what their answers mean. Pure: bodies in, secrets out.
// Source: IAM API reference, "Obtaining a User Token (Using a Password)", "Obtaining a Temporary Access Key and
// Security Token Through an Agency"; SDK core, `internal.py`, for the metadata service.

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/secret_text.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/credentials/secret.hpp"

namespace gateway::credentials {

inline constexpr std::string_view token_target = "/v3/auth/tokens?nocatalog=true";
inline constexpr std::string_view agency_target = "/v3.0/OS-CREDENTIAL/securitytokens";
inline constexpr std::string_view metadata_session_target = "/meta-data/latest/api/token";
inline constexpr std::string_view metadata_pair_target = "/openstack/latest/securitykey";

// `project` empty: the token is for the user's domain, which is what assuming an agency needs.
[[nodiscard]] secret_text token_body(const config::token_credential& user, std::string_view password,
                                     std::string_view project);
[[nodiscard]] std::string agency_body(const config::agency_credential& agency);

// Why nothing came. `refused`: whoever was asked says that the credential is wrong (401, 403, 404, 400): asking again
// soon is of no use, and wrong passwords lock a user.
struct fetch_failure {
    bool refused = false;
    std::string why;  // a sentence of ours, which callers may see
    std::chrono::seconds retry_after{0};
    std::string details{};  // what was said in other words than ours: for operators, escaped by whoever shows it
    std::chrono::milliseconds longest_pause{0};  // before the next try, where asking often does no harm; 0: as usual

    [[nodiscard]] std::string whole() const { return details.empty() ? why : why + ": " + details; }
};
[[noreturn]] void throw_exception_from_error(const fetch_failure& e, const boost::source_location& where);

template <class T>
using fetched = boost::system::result<T, fetch_failure>;

// What IAM said, as far as it matters here.
struct iam_answer {
    unsigned status = 0;
    std::string_view body{};
    std::string_view subject_token{};  // X-Subject-Token
    std::string_view retry_after{};
    std::optional<std::chrono::sys_seconds> date{};  // its Date
    std::span<const std::string_view> sent{};        // what it was asked with, and must not be shown if it is repeated
};

// `now_wall` and `now`: the same moment by both clocks. A life is counted from IAM's own Date where it sends one, so
// that a clock of ours that is wrong shortens or lengthens none.
struct moment {
    std::chrono::system_clock::time_point wall;
    secret::time steady;
};
[[nodiscard]] fetched<shared_secret> read_token_answer(const iam_answer& from, const moment& now);
[[nodiscard]] fetched<shared_secret> read_pair_answer(const iam_answer& from, const moment& now,
                                                      std::string_view asked_of);

// "; this machine's clock is …", to follow a refusal when the cloud's clock is `ahead` of ours by a minute or more:
// then it is nearly always that. Else empty.
[[nodiscard]] std::string clock_remark(std::chrono::seconds ahead);

// The failure that an answer other than success is.
[[nodiscard]] fetch_failure failure_of(const iam_answer& from, std::string_view asked_of);

}  // namespace gateway::credentials
