#pragma once
// Follows changes to their end, on a thread of its own: asks for jobs and orders, gathers evidence for what is unknown,
// and writes a line to the outcome log for each end that came after the call was answered. What it knows is in the
// ledger: a restart, or another process, goes on where this one stopped.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/credentials/credential_cache.hpp"
#include "gateway/follow/configuration.hpp"
#include "gateway/ledger/gateway_ledger.hpp"
#include "gateway/outcome/outcome_log.hpp"

namespace gateway::follow {

// What following uses of the process; all of it outlives the follower.
struct surroundings {
    ledger::gateway_ledger& ledger;
    credentials::credential_provider& credential_provider;
    outcome::outcome_log& outcome_log;
    std::atomic<std::size_t>& cloud_connections;
    // How far a region's clock is ahead of ours. From any thread.
    std::function<std::chrono::seconds(std::string_view region)> clock_skew;
};

// Requests to the cloud since the start, by what was asked for (job, server, trace, order) and how that went (ok,
// refused, throttled, failed, no_credential).
struct request_count {
    std::string_view subject, result;
    std::uint64_t count = 0;
};

class follower {
public:
    explicit follower(surroundings around);
    ~follower();  // after stop(), or without start()
    follower(const follower&) = delete;
    follower& operator=(const follower&) = delete;

    void start();
    // Ends the thread within seconds: what is under way is given up, and is taken up again when its lease ends. False
    // when something (a name look-up) does not end: then it must not be destroyed.
    [[nodiscard]] bool stop();

    // From any thread.
    void adopt(configuration next);
    void put(const credentials::cache_key& key, const credentials::shared_secret& secret, const std::string& reason,
             credentials::secret::time retry);
    [[nodiscard]] std::vector<request_count> requests() const;

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace gateway::follow
