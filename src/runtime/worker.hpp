#pragma once
// A thread that serves calls, with everything that it needs for itself. Workers share nothing but snapshots, the
// outcome log and a count of connections.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "gateway/base/unique_fd.hpp"
#include "gateway/credential_refresh/credential_refresher.hpp"
#include "gateway/http/server.hpp"
#include "gateway/net/loop.hpp"
#include "gateway/outcome/counters.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "gateway/pipeline/handler.hpp"

namespace gateway::runtime {

class worker {
public:
    // The ledger ends after the last call and before this worker is destroyed.
    worker(outcome::line_buffer& records, credentials::credential_provider& credential_provider,
           ledger::gateway_ledger& ledger, const std::shared_ptr<const pipeline::snapshot>& first, http::usage& used,
           std::atomic<std::size_t>& cloud_connections);

    void start();

    // From any thread.
    // Accepts on that descriptor, which becomes the worker's.
    void listen(unique_fd descriptor, const std::string& name, const http::tls_context& tls);
    void set_tls(const std::string& listener, const http::tls_context& tls);  // for new connections
    void close(const std::string& listener);
    // Ready when calls that this worker reads from then on are decided by `next`; not before the worker is destroyed
    // where its loop has ended.
    [[nodiscard]] std::future<void> adopt(std::shared_ptr<const pipeline::snapshot> next);
    void put(const credential_refresh::publication& publication);
    // Ends the thread's loop when all connections have ended; new ones are accepted for `accept_for` yet. After
    // `timeout` everything that still waits is late: calls are answered so, and have their outcome lines. A second call
    // may shorten the times.
    void drain(std::chrono::milliseconds timeout, std::chrono::milliseconds accept_for);

    [[nodiscard]] const outcome::counters& counted() const noexcept { return counters_; }
    [[nodiscard]] bool ended() const noexcept { return ended_.load(); }
    void join() { thread_.join(); }
    // After join(): some call could not be made to end, so nothing of this worker may be destroyed.
    [[nodiscard]] bool stuck() const noexcept { return server_.open() > 0 || handler_.is_busy(); }

private:
    [[nodiscard]] task<> wait_for_connections();

    net::loop loop_;
    outcome::counters counters_;
    pipeline::handler handler_;
    http::server server_;
    bool draining_ = false;
    std::chrono::steady_clock::time_point cut_off_, closes_;
    std::atomic<bool> ended_{false};
    std::thread thread_;
};

}  // namespace gateway::runtime
