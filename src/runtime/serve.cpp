#include "gateway/runtime/serve.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "build.hpp"
#include "cores.hpp"
#include "descriptors.hpp"
#include "gateway/admin/metrics.hpp"
#include "gateway/admin/overview.hpp"
#include "gateway/admin/server.hpp"
#include "gateway/credentials/memory.hpp"
#include "gateway/follow/follower.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "heap_trim.hpp"
#include "open_listeners.hpp"
#include "process_ledger.hpp"
#include "process_log.hpp"
#include "process_status.hpp"
#include "service_manager.hpp"
#include "worker.hpp"

namespace gateway::runtime {

namespace {

using namespace std::chrono_literals;

// The signals that ask something of a gateway that serves. Their default action ends the process, so they wait until
// there is one (SIG_BLOCK, then SIG_UNBLOCK). Threads that start in between leave them to the main thread.
void hold_requests(int action) {
    sigset_t requests;
    ::sigemptyset(&requests);
    ::sigaddset(&requests, SIGHUP);
    ::sigaddset(&requests, SIGUSR1);
    ::pthread_sigmask(action, &requests, nullptr);
}

// The process: what lives from start to end, and what signals do to it.
class process {
public:
    process(std::string file, built first, std::size_t descriptors)
        : file_(std::move(file)),
          snapshot_(std::move(first.snapshot)),
          ledger_(open_ledger(snapshot_->settings)),
          outcome_log_(outcome::open_sink(snapshot_->settings.log.outcomes)),
          signals_(main_, SIGTERM, SIGINT, SIGHUP) {
        signals_.add(SIGUSR1);
        const auto& settings = snapshot_->settings;
        const std::size_t count = settings.workers > 0 ? settings.workers : usable_cores();
        used_.max_connections = connections_within(descriptors, count, settings.listeners.size());
        if (const auto warning = shortage(descriptors, used_.max_connections, settings.limits); !warning.empty())
            spdlog::warn("descriptors: {}", warning);
        for (std::size_t i = 0; i < count; ++i)
            workers_.emplace_back(outcome_log_.new_buffer(), *credential_refresher_, *ledger_, snapshot_, used_,
                                  cloud_connections_);
        listener_tls_ = std::move(first.listeners);
        first_listeners_ = listeners_.open_new(settings.listeners, listener_tls_);
        for (const auto& address : manager_.unclaimed(settings.listeners))
            spdlog::warn("a socket was handed over that no listener has: address={}", address);
        if (settings.admin) admin_ = open_admin(*settings.admin);
    }

    int run() {
        credential_refresher_->adopt(snapshot_->credentials, snapshot_->settings);
        credential_refresher_->start();
        follower_->adopt(configuration_of(snapshot_));
        follower_->start();
        for (auto& worker : workers_)
            worker.start();
        listeners_.replace(snapshot_->settings.listeners, listener_tls_, std::move(first_listeners_));
        spdlog::info("serving config={} workers={} callers={} accounts={} rules={}", log_text(file_), workers_.size(),
                     snapshot_->settings.callers.size(), snapshot_->settings.accounts.size(),
                     snapshot_->settings.policy.size());
        if (admin_) spdlog::info("listening address={} listener=admin", admin_->address());
        if (snapshot_->settings.log.outcomes == "stdout" && is_discarded(STDOUT_FILENO))
            spdlog::warn("outcomes: standard output is closed or /dev/null: no outcome line is kept");
        manager_.ready();
        wait_for_signal();
        hold_requests(SIG_UNBLOCK);
        main_.run();
        for (auto& worker : workers_)
            worker.join();
        // Something of these can't end: it stays until exit.
        const bool has_followed = follower_->stop();
        if (!has_followed) static_cast<void>(follower_.release());
        if (!credential_refresher_->stop() || !has_followed) static_cast<void>(credential_refresher_.release());
        const bool all_written = outcome_log_.flush(5s);
        if (!all_written) {
            const auto trouble = outcome_log_.trouble();
            spdlog::error("outcomes: lines are lost, the log did not take them: error={}",
                          trouble.empty() ? "whoever reads the log does not" : trouble);
            spdlog::shutdown();
            std::_Exit(1);  // its writer may wait for ever
        }
        for (const auto& worker : workers_) {
            if (!worker.stuck()) continue;
            spdlog::error("ended with calls that could not be cut off: their outcome lines are missing");
            spdlog::shutdown();
            std::_Exit(1);
        }
        // After the last call, and while the loops that its threads post to are there.
        if (!has_followed || !close_ledger(std::move(ledger_))) {
            spdlog::error(
                "ended while the ledger waits for its disk: what it did not write is unknown at the next start");
            spdlog::shutdown();
            std::_Exit(1);
        }
        spdlog::info("ended");
        return 0;
    }

private:
    void wait_for_signal() {
        signals_.async_wait([this](const boost::system::error_code& ec, int signal) {
            if (ec) return;
            wait_for_signal();
            if (signal == SIGHUP)
                reload();
            else if (signal == SIGUSR1)
                reopen_log();
            else
                end();
        });
    }

    void reopen_log() {
        outcome_log_.reopen();
        spdlog::info("outcomes: the file is opened anew: file={}", snapshot_->settings.log.outcomes);
    }

    // Everything that can fail comes first; then what was prepared takes the place of what was there.
    void reload() {
        outcome_log_.reopen();  // a rotated log can go, whatever becomes of the file
        if (ending_) return;
        manager_.reloading();
        const bool loaded = load_again();
        loaded ? ++reloads_.succeeded : ++reloads_.failed;
        manager_.ready(loaded ? "serving" : "serving; the last reload failed: the log has the reasons");
    }

    bool load_again() {
        auto next = build(file_, snapshot_.get());
        report(next.problems, file_);
        if (!next.snapshot) {
            spdlog::error("reload: the file has errors, nothing changes: config={}", log_text(file_));
            return false;
        }
        const config::settings& settings = next.snapshot->settings;
        std::vector<open_listener> fresh;
        std::unique_ptr<admin::server> other_admin;
        try {
            fresh = listeners_.open_new(settings.listeners, next.listeners);
            if (settings.admin && settings.admin != snapshot_->settings.admin)
                other_admin = open_admin(*settings.admin);
            if (settings.log.outcomes != snapshot_->settings.log.outcomes)
                outcome_log_.replace(outcome::open_sink(settings.log.outcomes));
            credential_refresher_->adopt(next.snapshot->credentials, settings);
        } catch (const std::exception& e) {
            spdlog::error(
                "reload: a listener, the outcome log or the cloud's CA can't be opened, nothing changes: error={}",
                e.what());
            return false;
        }
        warn_of_reload(*ledger_, snapshot_->settings, settings);
        if (snapshot_->settings.workers != settings.workers)
            spdlog::warn("reload: workers change at the next start only");
        listeners_.replace(settings.listeners, next.listeners, std::move(fresh));
        if (other_admin) spdlog::info("listening address={} listener=admin", other_admin->address());
        if (other_admin || !settings.admin) admin_ = std::move(other_admin);
        snapshot_ = std::move(next.snapshot);
        follower_->adopt(configuration_of(snapshot_));
        loaded_ = std::chrono::system_clock::now();
        spdlog::set_level(level_of(snapshot_->settings.log.level));
        let_workers_adopt();
        spdlog::info("reloaded config={} callers={} accounts={} rules={}", log_text(file_),
                     snapshot_->settings.callers.size(), snapshot_->settings.accounts.size(),
                     snapshot_->settings.policy.size());
        return true;
    }

    // After "reloaded" without the warning the new file holds: a rule that was taken out allows no call from then on.
    // (Signals and the admin listener wait meanwhile, a moment as a rule.)
    void let_workers_adopt() {
        std::vector<std::future<void>> adopted;
        adopted.reserve(workers_.size());
        for (auto& worker : workers_)
            adopted.push_back(worker.adopt(snapshot_));
        const auto deadline = std::chrono::steady_clock::now() + 5s;
        const auto late = std::count_if(adopted.begin(), adopted.end(), [&](const auto& each) {
            return each.wait_until(deadline) != std::future_status::ready;
        });
        if (late > 0)
            spdlog::warn("reload: some workers are too busy to have taken it within 5s, they will: workers={}", late);
    }

    [[nodiscard]] std::unique_ptr<admin::server> open_admin(const config::admin& settings) {
        return std::make_unique<admin::server>(
            main_, settings,
            admin::status{.not_ready = [this] { return not_ready(current_status()); },
                          .degraded = [this] { return degraded(current_status()); },
                          .metrics = [this] { return admin::families_of(figures_of(current_status())); },
                          .overview = [this] { return admin::json_of(overview_of(current_status())); },
                          .configuration = [this] { return configuration_of(current_status()); }});
    }

    void end() {
        if (ending_) {
            spdlog::warn("ending at once: asked a second time");
            for (auto& worker : workers_)
                worker.drain(0ms, 0ms);
            listeners_.close();
            return;
        }
        ending_ = true;  // seen by /readyz before anything else changes
        manager_.stopping();
        const auto drain_timeout = snapshot_->settings.timeouts.drain;
        const auto accept_for = accept_while_draining(drain_timeout);
        spdlog::info("draining at_most={}ms accepting_for={}ms connections={}", drain_timeout.count(),
                     accept_for.count(), used_.connections.load());
        closes_ = std::chrono::steady_clock::now() + accept_for;
        for (auto& worker : workers_)
            worker.drain(drain_timeout, accept_for);
        look_for_end();
    }

    // A pod has to end before the whole cluster knows that it takes no more calls. A connection that is accepted until
    // then is served, which is what `sleep` in a preStop hook is used for elsewhere.
    static std::chrono::milliseconds accept_while_draining(std::chrono::milliseconds drain_timeout) {
        const bool in_pod = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;  // NOLINT(concurrency-mt-unsafe)
        return in_pod ? std::min(drain_timeout / 3, std::chrono::milliseconds(5s)) : 0ms;
    }

    void look_for_end() {
        // The workers have descriptors of their own, which they close when they have taken what waits in the kernel.
        if (std::chrono::steady_clock::now() >= closes_) listeners_.close();
        for (const auto& worker : workers_) {
            if (worker.ended()) continue;
            pause_.expires_after(5ms);
            pause_.async_wait([this](const boost::system::error_code& ec) {
                if (!ec) look_for_end();
            });
            return;
        }
        if (admin_) admin_->stop();
        main_.stop();  // a cancelled wait that has expired already would begin the next one
    }

    [[nodiscard]] std::chrono::seconds clock_skew(std::string_view region) const {
        const auto known = credential_refresher_->skews();
        const auto found = known.find(std::string(region));
        return found == known.end() ? 0s : found->second;
    }

    [[nodiscard]] process_status current_status() {
        return {.snapshot = *snapshot_,
                .workers = workers_,
                .refresher = *credential_refresher_,
                .follower = *follower_,
                .outcome_log = outcome_log_,
                .ledger = *ledger_,
                .in_ledger = in_ledger_,
                .used = used_,
                .cloud_connections = cloud_connections_.load(),
                .reloads = reloads_,
                .started = started_,
                .loaded = loaded_,
                .ending = ending_};
    }

    std::string file_;
    std::shared_ptr<const pipeline::snapshot> snapshot_;
    std::unique_ptr<ledger::gateway_ledger> ledger_;  // moved from at the end of run(); nothing of it is used before
    http::usage used_;
    std::atomic<std::size_t> cloud_connections_{0};
    admin::figures::tries reloads_;
    const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
    std::chrono::system_clock::time_point loaded_ = started_;
    service_manager manager_;
    outcome::outcome_log outcome_log_;
    std::unique_ptr<credential_refresh::credential_refresher> credential_refresher_ =
        std::make_unique<credential_refresh::credential_refresher>([this](const auto& published) {
            for (auto& worker : workers_)
                worker.put(published);
            follower_->put(published.key, published.secret, published.reason, published.retry);
        });
    std::unique_ptr<follow::follower> follower_ = std::make_unique<follow::follower>(
        follow::surroundings{.ledger = *ledger_,
                             .credential_provider = *credential_refresher_,
                             .outcome_log = outcome_log_,
                             .cloud_connections = cloud_connections_,
                             .clock_skew = [this](std::string_view region) { return clock_skew(region); }});
    std::deque<worker> workers_;
    open_listeners listeners_{workers_, manager_};
    std::vector<listener_tls> listener_tls_;      // of the start
    std::vector<open_listener> first_listeners_;  // until run()
    asio::io_context main_{1};
    heap_trim trim_{main_, used_};
    ledger_watch in_ledger_{main_, *ledger_, snapshot_->settings.timeouts.ledger};
    std::unique_ptr<admin::server> admin_;
    asio::signal_set signals_;
    asio::steady_timer pause_{main_};
    bool ending_ = false;
    std::chrono::steady_clock::time_point closes_;
};

}  // namespace

int serve(const std::string& config_file) {
    hold_requests(SIG_BLOCK);
    ::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not the end of the process
    log_to_stderr();
    const std::size_t descriptors = raise_descriptor_limit();
    if (const auto missing = credentials::protect_memory(); !missing.empty())
        spdlog::warn("secrets: less protected than they could be: {}", missing);
    auto first = build(config_file, nullptr);
    report(first.problems, config_file);
    if (!first.snapshot) {
        spdlog::error("can't start: correct the file and try again; `ecs-gateway check --config {}` shows all problems",
                      log_text(config_file));
        return 1;
    }
    spdlog::set_level(level_of(first.snapshot->settings.log.level));
    try {
        process running(config_file, std::move(first), descriptors);
        return running.run();
    } catch (const std::exception& e) {
        spdlog::error("can't start: {}", e.what());
        return 1;
    }
}

}  // namespace gateway::runtime
