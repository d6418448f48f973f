#include "gateway/runtime/serve.hpp"

#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "build.hpp"
#include "cores.hpp"
#include "gateway/admin/metrics.hpp"
#include "gateway/admin/server.hpp"
#include "gateway/config/load.hpp"
#include "gateway/credentials/memory.hpp"
#include "gateway/http/listeners.hpp"
#include "gateway/outcome/journal.hpp"
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

// The process: what lives from start to end, and what signals do to it.
class process {
public:
    process(std::string file, std::shared_ptr<const pipeline::snapshot> first,
            std::shared_ptr<callers::replay_memory> memory)
        : file_(std::move(file)),
          in_force_(std::move(first)),
          memory_(std::move(memory)),
          journal_(outcome::open_sink(in_force_->settings.log.outcomes)),
          signals_(main_, SIGTERM, SIGINT, SIGHUP) {
        const auto& settings = in_force_->settings;
        const std::size_t count = settings.workers > 0 ? settings.workers : usable_cores();
        for (std::size_t i = 0; i < count; ++i)
            workers_.emplace_back(journal_.new_page(), *keeper_, in_force_, connections_, cloud_connections_);
        for (const auto& listener : settings.listeners) {
            const auto& open = listening_.emplace_back(listener, count);
            std::shared_ptr<asio::ssl::context> tls;
            if (listener.tls) tls = http::make_tls_context(*listener.tls);
            for (std::size_t i = 0; i < count; ++i)
                workers_[i].listen(open.descriptor(i), open.name(), tls);
        }
        if (settings.admin)
            admin_.emplace(
                main_, *settings.admin,
                admin::status{[this] { return not_ready(); }, [this] { return admin::families_of(shown()); }});
    }

    int run() {
        keeper_->adopt(in_force_->credentials, in_force_->settings);
        keeper_->start();
        for (auto& worker : workers_)
            worker.start();
        for (const auto& open : listening_)
            spdlog::info("listening address={} listener={}", open.address(), open.name());
        spdlog::info("serving config={} workers={} callers={} accounts={} rules={}", file_, workers_.size(),
                     in_force_->settings.callers.size(), in_force_->settings.accounts.size(),
                     in_force_->settings.policy.size());
        if (admin_) spdlog::info("listening address={} listener=admin", admin_->address());
        wait_for_signal();
        main_.run();
        for (auto& worker : workers_)
            worker.join();
        if (!keeper_->stop()) static_cast<void>(keeper_.release());  // something of it can't end: it stays until exit
        const bool all_written = journal_.flush(5s);
        if (!all_written) {
            const auto trouble = journal_.trouble();
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
        spdlog::info("ended");
        return 0;
    }

private:
    void wait_for_signal() {
        signals_.async_wait([this](const boost::system::error_code& ec, int signal) {
            if (ec) return;
            wait_for_signal();  // before the signal is acted on: the end of the last worker cancels this wait
            signal == SIGHUP ? reload() : end();
        });
    }

    void reload() {
        if (ending_) return;
        auto next = build(file_, in_force_.get(), memory_);
        report(next.problems, file_);
        if (!next.snapshot) {
            spdlog::error("reload: the file has errors, nothing changes: config={}", file_);
            ++reloads_.failed;
            return;
        }
        try {
            if (next.snapshot->settings.log.outcomes != in_force_->settings.log.outcomes)
                journal_.replace(outcome::open_sink(next.snapshot->settings.log.outcomes));
            else
                journal_.reopen();
            keeper_->adopt(next.snapshot->credentials, next.snapshot->settings);
        } catch (const std::exception& e) {
            spdlog::error("reload: the outcome log or the cloud's CA can't be opened, nothing changes: error={}",
                          e.what());
            ++reloads_.failed;
            return;
        }
        tell_what_stays(next.snapshot->settings);
        in_force_ = std::move(next.snapshot);
        spdlog::set_level(level_of(in_force_->settings.log.level));
        for (auto& worker : workers_)
            worker.adopt(in_force_);
        ++reloads_.succeeded;
        spdlog::info("reloaded config={} callers={} accounts={} rules={}", file_, in_force_->settings.callers.size(),
                     in_force_->settings.accounts.size(), in_force_->settings.policy.size());
    }

    void tell_what_stays(const config::settings& next) const {
        const auto& now = in_force_->settings;
        const auto same = [](const config::listener& a, const config::listener& b) { return a.name == b.name; };
        if (!std::equal(now.listeners.begin(), now.listeners.end(), next.listeners.begin(), next.listeners.end(), same))
            spdlog::warn("reload: listeners change at the next start only, those of the start stay");
        const auto same_place = [](const std::optional<config::admin>& a, const std::optional<config::admin>& b) {
            return a.has_value() == b.has_value() && (!a || (a->host == b->host && a->port == b->port));
        };
        if (!same_place(now.admin, next.admin)) spdlog::warn("reload: admin changes at the next start only");
        if (now.workers != next.workers) spdlog::warn("reload: workers change at the next start only");
    }

    void end() {
        if (ending_) {
            spdlog::warn("ending at once: asked a second time");
            for (auto& worker : workers_)
                worker.drain(0ms);
            return;
        }
        ending_ = true;
        const auto at_most = in_force_->settings.timeouts.drain;
        spdlog::info("draining at_most={}ms connections={}", at_most.count(), connections_.load());
        for (auto& worker : workers_)
            worker.drain(at_most);
        listening_.clear();  // the workers have theirs, which they close when they have taken what waits in the kernel
        look_for_end();
    }

    void look_for_end() {
        for (const auto& worker : workers_) {
            if (worker.ended()) continue;
            pause_.expires_after(5ms);
            pause_.async_wait([this](const boost::system::error_code& ec) {
                if (!ec) look_for_end();
            });
            return;
        }
        if (admin_) admin_->stop();
        signals_.cancel();
    }

    // Why calls can't be served, or not all of them.
    [[nodiscard]] std::vector<admin::reason> not_ready() const {
        std::vector<admin::reason> why;
        if (ending_) why.push_back({"draining", "", "the gateway was told to end"});
        for (const auto& one : keeper_->conditions()) {
            if (!one.why.empty() && (!one.usable || one.refused)) why.push_back({"credential", one.name, one.why});
        }
        return why;
    }

    [[nodiscard]] admin::figures shown() const {
        admin::figures all;
        for (const auto& each : workers_)
            each.counted().add_to(all.calls);
        all.caller_connections = connections_.load();
        all.cloud_connections = cloud_connections_.load();
        all.reloads = reloads_;
        all.version = GATEWAY_VERSION;
        for (const auto& one : keeper_->conditions()) {
            auto& made = all.refreshes[one.name];
            made.succeeded += one.fetched;
            made.failed += one.failed;
            if (!one.expires) continue;
            const std::chrono::duration<double> left = *one.expires - std::chrono::steady_clock::now();
            const auto [at, fresh] = all.expiry.try_emplace(one.name, left);
            if (!fresh && left < at->second) at->second = left;  // of several projects, the first to go
        }
        for (const auto& [region, ahead] : keeper_->skews())
            all.cloud_is_ahead[region] = ahead;
        return all;
    }

    std::string file_;
    std::shared_ptr<const pipeline::snapshot> in_force_;
    std::shared_ptr<callers::replay_memory> memory_;
    std::atomic<std::size_t> connections_{0}, cloud_connections_{0};
    admin::figures::tries reloads_;
    outcome::journal journal_;
    std::unique_ptr<renewal::keeper> keeper_ = std::make_unique<renewal::keeper>([this](const auto& what) {
        for (auto& worker : workers_)
            worker.put(what);
    });
    std::deque<worker> workers_;
    std::deque<http::listening> listening_;
    asio::io_context main_{1};
    std::optional<admin::server> admin_;
    asio::signal_set signals_;
    asio::steady_timer pause_{main_};
    bool ending_ = false;
};

}  // namespace

int serve(const std::string& config_file) {
    ::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error code, not the end of the process
    log_to_stderr();
    if (const auto missing = credentials::protect_memory(); !missing.empty())
        spdlog::warn("secrets: less protected than they could be: {}", missing);
    const auto memory = callers::make_replay_memory();
    auto first = build(config_file, nullptr, memory);
    report(first.problems, config_file);
    if (!first.snapshot) {
        spdlog::error("can't start: correct the file and try again; `ecs-gateway check --config {}` shows all problems",
                      config_file);
        return 1;
    }
    spdlog::set_level(level_of(first.snapshot->settings.log.level));
    try {
        process running(config_file, std::move(first.snapshot), memory);
        return running.run();
    } catch (const std::exception& e) {
        spdlog::error("can't start: {}", e.what());
        return 1;
    }
}

}  // namespace gateway::runtime
