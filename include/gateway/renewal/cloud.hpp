#pragma once
// The few questions that the gateway asks the cloud for itself: a token, a temporary pair, whether a key is taken.

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

namespace gateway::renewal {

using credentials::fetched;
using credentials::secret;
using credentials::shared_secret;

// How the cloud took the signature or the token of a question.
enum class verdict : std::uint8_t { accepted, refused, unknown };

// A region's clock is `ahead` of ours, says its Date.
using skew_heard = std::function<void(std::string_view region, std::chrono::seconds ahead)>;

// One for each configuration, used on one thread. Every question has an end: the connect time-out, then
// timeouts.credential for the answer.
class cloud {
public:
    cloud(net::loop& on, const config::settings& in, skew_heard heard);

    // POST /v3/auth/tokens at the region's IAM, with the user's password, which is read afresh each time.
    [[nodiscard]] task<fetched<shared_secret>> token(const config::token_credential& user, std::string_view region,
                                                     std::string_view project);
    // POST /v3.0/OS-CREDENTIAL/securitytokens, signed by `through` or with its token. `taken` becomes how that was
    // taken.
    [[nodiscard]] task<fetched<shared_secret>> agency(const config::agency_credential& agency, std::string_view region,
                                                      const secret& through, verdict& taken);
    // The metadata service, in its newer way (a session first) where that answers within two seconds, else in its
    // older.
    [[nodiscard]] task<fetched<shared_secret>> metadata();

    // A query that changes nothing: is this secret taken? `why` becomes what the cloud said when it is not.
    [[nodiscard]] task<verdict> try_out(const secret& by, std::string_view region, std::string_view project,
                                        std::string& why);

private:
    struct answer;
    struct question;
    enum class session : std::uint8_t { none, open };  // of the metadata service, whose older version has none
    [[nodiscard]] fetched<question> to_iam(std::string_view region, std::string_view target) const;
    [[nodiscard]] task<fetched<std::unique_ptr<answer>>> ask(const question& what);
    [[nodiscard]] task<fetched<std::unique_ptr<answer>>> ask(const question& what, upstream::client& by);
    [[nodiscard]] task<fetched<shared_secret>> ask_for_pair(bool may_renew_session);
    [[nodiscard]] task<session> open_session();
    void append_proof(question& what, const secret& by, std::string_view region, std::string_view service,
                      std::string_view project);

    std::map<std::string, std::size_t, std::less<>> regions_;  // where its IAM stands among the endpoints; ECS follows
    std::size_t metadata_;
    std::unique_ptr<upstream::client> client_;
    std::unique_ptr<upstream::client> sessions_;  // of the metadata service: the same endpoint, less patience
    skew_heard heard_;
    signing::signer signer_;
    std::optional<secret_text> session_;  // of the metadata service
    secret::time session_ends_{};
    std::string session_trouble_;  // why there is none, where the service should have them
    secret::time no_sessions_until_{};
};

}  // namespace gateway::renewal
