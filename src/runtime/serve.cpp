#include "gateway/runtime/serve.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
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
#include "gateway/base/escape.hpp"
#include "gateway/config/load.hpp"
#include "gateway/credentials/memory.hpp"
#include "gateway/http/listeners.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "heap_trim.hpp"
#include "process_ledger.hpp"
#include "process_status.hpp"
#include "service_manager.hpp"
#include "worker.hpp"

namespace gateway::runtime {

namespace {

using namespace std::chrono_literals;

spdlog::level::level_enum level_of(config::log_level level) {
    switch (level) {
        case config::log_level::trace:
            return spdlog::level::trace;
        case config::log_level::debug:
            return spdlog::level::debug;
        case config::log_level::info:
            return spdlog::level::info;
        case config::log_level::warn:
            return spdlog::level::warn;
        case config::log_level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

void log_to_stderr() {
    auto logger = std::make_shared<spdlog::logger>("ecs-gateway", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
    spdlog::set_default_logger(std::move(logger));
}

void report(const std::vector<config::problem>& problems, const std::string& file) {
    for (const auto& problem : problems) {
        const std::string text = config::describe(problem, file);
        problem.warning ? spdlog::warn("{}", text) : spdlog::error("{}", text);
    }
}

// The signals that ask something of a gateway that serves. Their default action ends the process, so they wait until
// there is one (SIG_BLOCK, then SIG_UNBLOCK). Threads that start in between leave them to the main thread.
void hold_requests(int action) {
    sigset_t requests;
    ::sigemptyset(&requests);
    ::sigaddset(&requests, SIGHUP);
    ::sigaddset(&requests, SIGUSR1);
    ::pthread_sigmask(action, &requests, nullptr);
}

// Whether what is written to standard output is kept nowhere.
bool is_discarded(int descriptor) {
    struct stat output {};
    struct stat null {};
    return ::fstat(descriptor, &output) == 0 && ::stat("/dev/null", &null) == 0 && S_ISCHR(output.st_mode) &&
           output.st_rdev == null.st_rdev;
}

// A path may hold bytes that are not UTF-8, and control characters.
std::string log_text(std::string_view text) {
    std::string escaped;
    append_json_text(escaped, text);
    return escaped;
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
        for (std::size_t i = 0; i < settings.listeners.size(); ++i)
            open_.push_back(open(settings.listeners[i], first.listeners[i]));
        for (const auto& address : manager_.unclaimed(settings.listeners))
            spdlog::warn("a socket was handed over that no listener has: address={}", address);
        if (settings.admin) admin_ = open_admin(*settings.admin);
    }

    int run() {
        credential_refresher_->adopt(snapshot_->credentials, snapshot_->settings);
        credential_refresher_->start();
        for (auto& worker : workers_)
            worker.start();
        for (const auto& listener : open_)
            accept(listener);
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
        if (!credential_refresher_->stop())
            static_cast<void>(credential_refresher_.release());  // something of it can't end: it stays until exit
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
        if (!close_ledger(std::move(ledger_))) {
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
            wait_for_signal();  // before the signal is acted on: the end of the last worker cancels this wait
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
            fresh = open_new_ones(settings.listeners, next.listeners);
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
        replace_listeners(settings.listeners, next.listeners, std::move(fresh));
        if (other_admin) spdlog::info("listening address={} listener=admin", other_admin->address());
        if (other_admin || !settings.admin) admin_ = std::move(other_admin);
        snapshot_ = std::move(next.snapshot);
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

    // A listener that is open, and what its TLS was made from.
    struct open_listener {
        http::listener_sockets sockets;
        listener_tls tls;
    };

    [[nodiscard]] open_listener open(const config::listener& settings, const listener_tls& tls) const {
        return {http::listener_sockets(settings, workers_.size(), manager_.socket_for(settings)), tls};
    }

    // Lets every worker accept there. What a reload has opened stays open even if descriptors run out here: fewer
    // workers accept then.
    void accept(const open_listener& listener) {
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            try {
                workers_[i].listen(listener.sockets.descriptor(i), listener.sockets.name(), listener.tls.context);
            } catch (const std::exception& e) {
                spdlog::error("listener is not served by every worker: {}", e.what());
            }
        }
        spdlog::info("listening address={} listener={}", listener.sockets.address(), listener.sockets.name());
    }

    [[nodiscard]] std::vector<open_listener> open_new_ones(const std::vector<config::listener>& wanted,
                                                           const std::vector<listener_tls>& tls) const {
        std::vector<open_listener> fresh;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto serves_it = [&](const open_listener& each) {
                return each.sockets.name() == wanted[i].name &&
                       !(each.sockets.is_lost() && !each.sockets.is_handed_over());
            };
            if (std::none_of(open_.begin(), open_.end(), serves_it)) fresh.push_back(open(wanted[i], tls[i]));
        }
        return fresh;
    }

    void replace_listeners(const std::vector<config::listener>& wanted, const std::vector<listener_tls>& tls,
                           std::vector<open_listener> fresh) {
        std::vector<open_listener> kept;
        for (auto& each : open_) {
            const bool opened_anew = std::any_of(fresh.begin(), fresh.end(), [&](const open_listener& one) {
                return one.sockets.name() == each.sockets.name();
            });
            if (opened_anew) {
                for (auto& worker : workers_)
                    worker.close(each.sockets.name());
                spdlog::warn("reload: the socket's file was gone or another's, a new one stands there: listener={}",
                             each.sockets.name());
                continue;
            }
            const auto as_wanted = std::find_if(wanted.begin(), wanted.end(),
                                                [&](const auto& one) { return one.name == each.sockets.name(); });
            if (as_wanted == wanted.end()) {
                for (auto& worker : workers_)
                    worker.close(each.sockets.name());
                spdlog::info("closed listener={}", each.sockets.name());
                continue;
            }
            const auto& its_tls = tls[static_cast<std::size_t>(as_wanted - wanted.begin())];
            if (its_tls.made_from != each.tls.made_from) {
                each.tls = its_tls;
                for (auto& worker : workers_)
                    worker.set_tls(each.sockets.name(), its_tls.context);
                spdlog::info("tls: new certificates are shown from now on: listener={}", each.sockets.name());
            }
            try {
                each.sockets.set_mode(as_wanted->mode);
            } catch (const std::exception& e) {
                spdlog::error("reload: {}", e.what());
            }
            if (each.sockets.is_lost())
                spdlog::error(
                    "listener is lost, nobody can connect to it: its socket's file is gone or another's; restart the "
                    "unit that holds the socket: listener={}",
                    each.sockets.name());
            kept.push_back(std::move(each));
        }
        for (auto& each : fresh) {
            accept(each);
            kept.push_back(std::move(each));
        }
        open_ = std::move(kept);
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
            open_.clear();
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
        if (std::chrono::steady_clock::now() >= closes_) open_.clear();
        for (const auto& worker : workers_) {
            if (worker.ended()) continue;
            pause_.expires_after(5ms);
            pause_.async_wait([this](const boost::system::error_code& ec) {
                if (!ec) look_for_end();
            });
            return;
        }
        if (admin_) admin_->stop();
        trim_.stop();
        in_ledger_.stop();
        signals_.cancel();
    }

    [[nodiscard]] process_status current_status() {
        return {.snapshot = *snapshot_,
                .workers = workers_,
                .refresher = *credential_refresher_,
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
        });
    std::deque<worker> workers_;
    std::vector<open_listener> open_;
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
