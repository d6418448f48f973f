#pragma once
// Handles the calls of one worker: handler::operator() in handler.cpp is the path of a call, from top to bottom.

#include <atomic>
#include <memory>
#include <string>

#include "gateway/credentials/credential_cache.hpp"
#include "gateway/http/session.hpp"
#include "gateway/ledger/gateway_ledger.hpp"
#include "gateway/outcome/counters.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "gateway/pipeline/snapshot.hpp"

namespace gateway::pipeline {

struct call_resources;

// One for each worker, used on its thread only. Outlives the calls that it handles.
class handler {
public:
    // `credential_provider` fills the credential caches by put().
    // What it counts and records, its worker owns; `cloud_connections` counts those of all workers. `ledger` ends after
    // the last call and before the loop.
    handler(net::loop& loop, outcome::line_buffer& records, outcome::counters& counters,
            std::atomic<std::size_t>& cloud_connections, credentials::credential_provider& credential_provider,
            ledger::gateway_ledger& ledger, std::shared_ptr<const snapshot> first);
    ~handler();
    handler(const handler&) = delete;
    handler& operator=(const handler&) = delete;

    // New calls use `next`; calls under way end with the one that they began with.
    void adopt(std::shared_ptr<const snapshot> next);
    // A credential has come, or can't be had: for later calls and for those that wait.
    void put(const credentials::cache_key& key, const credentials::shared_secret& secret, const std::string& reason,
             credentials::secret::time retry);

    // Whether something is under way that is no call: a look at the job of a change.
    [[nodiscard]] bool is_busy() const noexcept;

    // Whether the body is needed, by the head alone: a request that is no caller's, or whose operation takes no body,
    // is rejected without it.
    [[nodiscard]] bool wants_body(http::session& caller) const;

    // Handles one call: sends one whole answer and writes one outcome line.
    [[nodiscard]] task<> operator()(http::session& caller);

private:
    std::unique_ptr<call_resources> resources_;
};

}  // namespace gateway::pipeline
