#include "keyring.hpp"

#include <mutex>

#include "random_text.hpp"

namespace simulator {

keyring::keyring(const seed& from) : keys_(from.keys), seed_tokens_(from.tokens) {}

std::optional<keyring::known_key> keyring::find_key(const std::string& access_key) const {
    const std::shared_lock held(lock_);
    if (const auto found = keys_.find(access_key); found != keys_.end()) {
        known_key key;
        key.secret_key = found->second.secret_key;
        key.security_token = found->second.security_token;
        key.who.account = found->second.account;
        key.who.agent_operator = found->second.agent_operator;
        key.enabled = found->second.enabled;
        return key;
    }
    const auto* const issued = pairs_.find(access_key);
    if (issued == nullptr) return std::nullopt;
    return known_key{
        issued->what.secret_key, issued->what.security_token, issued->what.who, true, issued->revoked, issued->until};
}

std::optional<keyring::known_token> keyring::find_token(const std::string& token) const {
    const std::shared_lock held(lock_);
    if (const auto found = seed_tokens_.find(token); found != seed_tokens_.end())
        return known_token{caller{found->second.account, found->second.project}};
    const auto* const issued = tokens_.find(token);
    if (issued == nullptr) return std::nullopt;
    return known_token{issued->what, issued->revoked, issued->until};
}

// Lengths and first letters are about those of the cloud, whose tokens run to kilobytes.
keyring::fresh_pair keyring::issue_pair(const caller& to, time until, time now) {
    fresh_pair made{"HST" + random_text(17, upper_case_and_digits), random_text(40, letters_and_digits),
                    "gQpjbi1ub3J0aC00" + random_text(784, base64_letters), until};
    const std::lock_guard held(lock_);
    pairs_.add(made.access_key, {made.secret_key, made.security_token, to}, until, now);
    return made;
}

std::string keyring::issue_token(const caller& to, time until, time now) {
    std::string made = "MII" + random_text(2045, base64_letters);
    const std::lock_guard held(lock_);
    tokens_.add(made, to, until, now);
    return made;
}

void keyring::revoke_tokens() {
    const std::lock_guard held(lock_);
    tokens_.revoke_all();
}

void keyring::revoke_pairs() {
    const std::lock_guard held(lock_);
    pairs_.revoke_all();
}

bool keyring::change(const std::string& access_key, std::optional<bool> enabled,
                     const std::optional<std::string>& secret_key) {
    const std::lock_guard held(lock_);
    const auto found = keys_.find(access_key);
    if (found == keys_.end()) return false;
    if (enabled) found->second.enabled = *enabled;
    if (secret_key) found->second.secret_key = *secret_key;
    return true;
}

}  // namespace simulator
