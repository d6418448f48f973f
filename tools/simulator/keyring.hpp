#pragma once
// Every secret that opens the gate: the keys and tokens of the seed, and what IAM and the metadata service issued.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>

#include "call.hpp"
#include "expiring.hpp"
#include "seed.hpp"

namespace simulator {

// Thread-safe.
class keyring {
public:
    using time = std::chrono::system_clock::time_point;

    struct known_key {
        std::string secret_key;
        std::optional<std::string> security_token;  // of a temporary pair
        caller who;
        bool enabled = true;
        bool revoked = false;
        time until = time::max();
    };
    struct known_token {
        caller who;
        bool revoked = false;
        time until = time::max();
    };
    struct fresh_pair {
        std::string access_key, secret_key, security_token;
        time until;
    };

    explicit keyring(const seed& from);

    [[nodiscard]] std::optional<known_key> find_key(const std::string& access_key) const;
    [[nodiscard]] std::optional<known_token> find_token(const std::string& token) const;

    [[nodiscard]] fresh_pair issue_pair(const caller& to, time until, time now);
    [[nodiscard]] std::string issue_token(const caller& to, time until, time now);
    // All that were issued; those of the seed stay.
    void revoke_tokens();
    void revoke_pairs();

    // Changes a key of the seed; false when there is no such key.
    [[nodiscard]] bool change(const std::string& access_key, std::optional<bool> enabled,
                              const std::optional<std::string>& secret_key);

private:
    // More than any test has use for: with 2 KiB for a token, some 60 MiB at most.
    static constexpr std::size_t most = 20'000;
    struct pair {
        std::string secret_key, security_token;
        caller who;
    };

    mutable std::shared_mutex lock_;
    std::map<std::string, access_key> keys_;
    std::map<std::string, token> seed_tokens_;
    expiring<pair> pairs_{most};
    expiring<caller> tokens_{most};
};

}  // namespace simulator
