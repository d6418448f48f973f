#pragma once
// IAM: tokens for passwords and agencies, temporary pairs for tokens and agencies. Source: IAM API reference,
// "Obtaining a User Token Through Password Authentication", "Obtaining an Agency Token", "Obtaining a Temporary Access
// Key and Security Token Through an Agency", "… Through a Token", "Error Codes".

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <variant>

#include "auth_body.hpp"
#include "call.hpp"
#include "gate.hpp"
#include "reply.hpp"
#include "seed.hpp"
#include "trouble.hpp"

namespace simulator {

// Thread-safe.
class iam {
public:
    using time = std::chrono::system_clock::time_point;

    iam(const seed& from, gate& before);

    // A call for a token or a pair.
    [[nodiscard]] reply handle(const call& what, time now);

    [[nodiscard]] trouble_switch& trouble_of() { return trouble_; }
    // How often each was asked for, whatever came of it.
    [[nodiscard]] unsigned long tokens() const { return tokens_; }
    [[nodiscard]] unsigned long pairs() const { return pairs_; }

private:
    template <class T>
    using or_refusal = std::variant<T, answer>;
    struct history {
        unsigned wrong = 0;
        time locked_until;
    };

    [[nodiscard]] answer issue_token(const call& what, const auth_body& asked, const trouble& in, time now);
    [[nodiscard]] answer issue_pair(const call& what, const auth_body& asked, const trouble& in, time now);
    [[nodiscard]] or_refusal<caller> by_password(const auth_body& asked, time now);
    // Somebody who shows a token or a signature.
    [[nodiscard]] or_refusal<caller> by_proof(const call& what, time now);
    // Who `who` is in the account whose agency it asks for.
    [[nodiscard]] or_refusal<caller> assumed(const caller& who, const auth_body& asked) const;
    [[nodiscard]] or_refusal<caller> scoped(caller who, const auth_body& asked) const;
    // Empty when there is none.
    [[nodiscard]] std::string account_named(const auth_body::named& what) const;
    [[nodiscard]] std::string describe(const caller& who, const caller* assumed_by, const auth_body& asked,
                                       bool with_catalog, time now, time until) const;

    std::map<std::string, account> accounts_;
    std::map<std::string, project> projects_;
    iam_settings how_;
    gate& gate_;
    trouble_switch trouble_;
    std::atomic<unsigned long> tokens_ = 0, pairs_ = 0;
    std::mutex lock_;
    std::map<std::string, history> histories_;  // of users that the seed names
};

// An error in the shape that IAM's pages show.
[[nodiscard]] answer iam_error(unsigned status, const std::string& message);

}  // namespace simulator
