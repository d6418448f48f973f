#pragma once
// The metadata service that a cloud server finds at 169.254.169.254, as far as credentials go. Source: the official
// Python SDK, core/auth/internal.py.

#include <atomic>
#include <chrono>
#include <mutex>

#include "call.hpp"
#include "expiring.hpp"
#include "keyring.hpp"
#include "reply.hpp"
#include "seed.hpp"
#include "trouble.hpp"

namespace simulator {

// Thread-safe.
class metadata {
public:
    using time = std::chrono::system_clock::time_point;

    metadata(const metadata_settings& how, keyring& keys)
        : how_(how), keys_(keys), trouble_(trouble{trouble::kind::none, {}, {}}) {}

    [[nodiscard]] reply handle(const call& what, time now);
    void revoke_sessions();

    [[nodiscard]] trouble_switch& trouble_of() { return trouble_; }
    // How often each was asked for, whatever came of it.
    [[nodiscard]] unsigned long tokens() const { return tokens_; }
    [[nodiscard]] unsigned long pairs() const { return pairs_; }

private:
    struct nothing {};

    [[nodiscard]] answer begin_session(const call& what, time now);
    [[nodiscard]] answer issue_pair(const call& what, const trouble& in, time now);

    const metadata_settings how_;
    keyring& keys_;
    trouble_switch trouble_;
    std::atomic<unsigned long> tokens_ = 0, pairs_ = 0;
    std::mutex lock_;
    expiring<nothing> sessions_{1000};
};

}  // namespace simulator
