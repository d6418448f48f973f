#pragma once
// The few requests that the gateway sends for itself: for a token, for a temporary pair, and to check a secret.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"
#include "gateway/credentials/iam.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/net/loop.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::credential_refresh {

using credentials::fetched;
using credentials::secret;
using credentials::shared_secret;

// Whether the cloud accepted the signature or the token of a request.
enum class acceptance : std::uint8_t { accepted, refused, unknown };
// By the status of its response: 401 refuses the proof; 429 and 5xx may come from before it was looked at.
[[nodiscard]] acceptance acceptance_of(unsigned status) noexcept;

// A region's clock is `ahead` of ours, by its Date.
using skew_handler = std::function<void(std::string_view region, std::chrono::seconds ahead)>;

// One for each configuration, used on one thread. Every request ends: after the connect time-out, then after
// timeouts.credential for the response.
class iam_client {
public:
    iam_client(net::loop& loop, const config::settings& settings, skew_handler on_skew);

    // POST /v3/auth/tokens at the region's IAM, with the user's password, which is read again each time.
    [[nodiscard]] task<fetched<shared_secret>> token(const config::token_credential& user, std::string_view region,
                                                     std::string_view project);
    // POST /v3.0/OS-CREDENTIAL/securitytokens, signed by `credential` or with its token. `result`: whether that was
    // accepted.
    [[nodiscard]] task<fetched<shared_secret>> agency(const config::agency_credential& agency, std::string_view region,
                                                      const secret& credential, acceptance& result);
    // The metadata service's temporary pair: with a session where that call is answered within two seconds, else
    // without.
    [[nodiscard]] task<fetched<shared_secret>> metadata();

    // Sends a query that changes nothing. `reason` becomes the cloud's message when it does not accept the secret.
    [[nodiscard]] task<acceptance> check(const secret& credential, std::string_view region, std::string_view project,
                                         std::string& reason);

private:
    struct response;
    struct request;
    enum class session : std::uint8_t { none, open };  // of the metadata service, whose older version has none
    [[nodiscard]] fetched<request> iam_request(std::string_view region, std::string_view target) const;
    [[nodiscard]] task<fetched<std::unique_ptr<response>>> send(const request& outgoing);
    [[nodiscard]] task<fetched<std::unique_ptr<response>>> send(const request& outgoing, upstream::client& client);
    [[nodiscard]] task<fetched<shared_secret>> request_pair(bool may_renew_session);
    [[nodiscard]] task<session> open_session();
    void append_proof(request& outgoing, const secret& credential, std::string_view region, std::string_view service,
                      std::string_view project);

    std::map<std::string, std::size_t, std::less<>> regions_;  // of its IAM among the endpoints; the one of ECS follows
    std::size_t metadata_;
    std::unique_ptr<upstream::client> client_;
    std::unique_ptr<upstream::client> sessions_;  // of the metadata service: the same endpoint, shorter time-outs
    skew_handler on_skew_;
    signing::signer signer_;
    std::optional<secret_text> session_;  // of the metadata service
    secret::time session_ends_{};
    std::string session_error_;  // why there is none, where the service should have one
    secret::time no_sessions_until_{};
};

}  // namespace gateway::credential_refresh
