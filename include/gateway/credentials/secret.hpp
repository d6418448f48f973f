#pragma once
// A secret that calls are signed with until it expires: a pair, a temporary pair with its token, or a token alone.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/base/secret_text.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/credentials/circuit_breaker.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::credentials {

// Made once, then shared by all workers; it never changes, except its circuit breaker and `used`. Its bytes are wiped
// when the last call that signs with it has ended.
struct secret {
    using time = std::chrono::steady_clock::time_point;

    std::optional<signing::key> key;   // absent: the token alone is sent, as X-Auth-Token
    std::optional<secret_text> token;  // X-Security-Token beside a key
    time expires = time::max();        // by the steady clock: a wrong wall clock does not change it
    // SHA-256 of access key, secret key and token: they show which parts of a pair a rotation has changed.
    std::array<sha256_digest, 3> fingerprints{};

    mutable circuit_breaker breaker;
    mutable std::atomic<bool> used{false};  // by a call: an unused secret is not refreshed

    explicit secret(bool proven) noexcept : breaker(proven) {}
};
using shared_secret = std::shared_ptr<const secret>;

// A call that probes a key which the cloud has not accepted yet (admission::probe): counted by its breaker while this
// lives.
class probe_guard {
public:
    probe_guard() = default;
    explicit probe_guard(shared_secret probed) noexcept : secret_(std::move(probed)) {}
    probe_guard(probe_guard&& other) noexcept = default;
    probe_guard& operator=(probe_guard&& other) noexcept {
        end();
        secret_ = std::move(other.secret_);
        return *this;
    }
    probe_guard(const probe_guard&) = delete;
    probe_guard& operator=(const probe_guard&) = delete;
    ~probe_guard() { end(); }

    [[nodiscard]] bool is_active() const noexcept { return secret_ != nullptr; }
    void end() noexcept {
        if (secret_) secret_->breaker.end_probe();
        secret_.reset();
    }

private:
    shared_secret secret_;
};

// A pair; a temporary one with `token` (may be nullptr). `proven`: the cloud has just issued it.
[[nodiscard]] std::shared_ptr<secret> make_pair(signing::algorithm sign_with, std::string_view access_key,
                                                std::string_view secret_key, const secret_text* token, bool proven);
// A token that is sent as X-Auth-Token.
[[nodiscard]] std::shared_ptr<secret> make_token(std::string_view token);

}  // namespace gateway::credentials
