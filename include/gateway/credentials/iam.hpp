#pragma once
// Requests to IAM and to the metadata service, and how their responses are read. Pure: bodies in, secrets out. Source:
// IAM API reference, "Obtaining a User Token (Using a Password)", "Obtaining a Temporary Access Key and Security Token
// Through an Agency"; SDK core, `internal.py`, for the metadata service.

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

// Why a secret could not be fetched. `refused`: the service says that the credential is wrong (401, 403, 404, 400): an
// early retry is of no use, and wrong passwords lock a user.
struct fetch_failure {
    bool refused = false;
    std::string reason;  // a sentence of ours, which callers may see
    std::chrono::seconds retry_after{0};
    std::string details{};                   // the service's own words: for operators; escape them where they are shown
    std::chrono::milliseconds max_pause{0};  // before the next try, where frequent requests do no harm; 0: the default

    [[nodiscard]] std::string full_text() const { return details.empty() ? reason : reason + ": " + details; }
};
[[noreturn]] void throw_exception_from_error(const fetch_failure& e, const boost::source_location& location);

template <class T>
using fetched = boost::system::result<T, fetch_failure>;

// The parts of a response of IAM that are read.
struct iam_response {
    unsigned status = 0;
    std::string_view body{};
    std::string_view subject_token{};  // X-Subject-Token
    std::string_view retry_after{};
    std::optional<std::chrono::sys_seconds> date{};    // its Date
    std::span<const std::string_view> sent_secrets{};  // of the request; hidden where the response repeats them
};

// The same moment by both clocks. A lifetime is counted from IAM's own Date where it sends one, so that a wrong clock
// of ours does not change it.
struct moment {
    std::chrono::system_clock::time_point wall;
    secret::time steady;
};
[[nodiscard]] fetched<shared_secret> read_token_response(const iam_response& response, const moment& now);
[[nodiscard]] fetched<shared_secret> read_pair_response(const iam_response& response, const moment& now,
                                                        std::string_view service);

// "; this machine's clock is …", to append to a refusal when the cloud's clock is `ahead` of ours by a minute or more,
// then nearly always the cause. Else empty.
[[nodiscard]] std::string clock_remark(std::chrono::seconds ahead);

// The failure of a response other than success.
[[nodiscard]] fetch_failure failure_of(const iam_response& response, std::string_view service);

}  // namespace gateway::credentials
