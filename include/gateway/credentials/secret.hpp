#pragma once
// What calls are signed with for a while: a pair, a temporary pair with its token, or a token alone.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/base/secret_text.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/credentials/standing.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::credentials {

// Made once, then shared by all workers; what it holds never changes, save how the cloud takes it. Gone, with its bytes
// wiped, when the last call that signs with it has ended.
struct secret {
    using time = std::chrono::steady_clock::time_point;

    std::optional<signing::key> key;   // absent: the token alone goes out, as X-Auth-Token
    std::optional<secret_text> token;  // X-Security-Token beside a key
    time expires = time::max();        // by the steady clock: a wrong wall clock shortens or lengthens no life
    // SHA-256 of access key, secret key and token: they tell which parts of a pair a rotation has changed.
    std::array<sha256_digest, 3> prints{};

    mutable standing taken;                 // by the cloud
    mutable std::atomic<bool> used{false};  // by a call, so that what nobody uses is not renewed

    explicit secret(bool proven) noexcept : taken(proven) {}
};
using shared_secret = std::shared_ptr<const secret>;

// A call's turn to try a key that the cloud has not taken yet (admission::trial), for as long as this lives.
class trial {
public:
    trial() = default;
    explicit trial(shared_secret of) noexcept : of_(std::move(of)) {}
    trial(trial&& other) noexcept = default;
    trial& operator=(trial&& other) noexcept {
        end();
        of_ = std::move(other.of_);
        return *this;
    }
    trial(const trial&) = delete;
    trial& operator=(const trial&) = delete;
    ~trial() { end(); }

    [[nodiscard]] bool under_way() const noexcept { return of_ != nullptr; }
    void end() noexcept {
        if (of_) of_->taken.end_trial();
        of_.reset();
    }

private:
    shared_secret of_;
};

// A pair; `token` (may be nullptr) makes it a temporary one. `proven`: fresh from the cloud.
[[nodiscard]] std::shared_ptr<secret> make_pair(signing::algorithm sign_with, std::string_view access_key,
                                                std::string_view secret_key, const secret_text* token, bool proven);
// A token that goes out as X-Auth-Token.
[[nodiscard]] std::shared_ptr<secret> make_token(std::string_view token);

}  // namespace gateway::credentials
