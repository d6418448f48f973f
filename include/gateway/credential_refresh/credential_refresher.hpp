#pragma once
// A background thread that fetches the secrets which workers request, refreshes them before they expire, follows
// rotated files and probes keys whose breaker is open. It publishes every change to the workers' caches.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/credential_refresh/iam_client.hpp"
#include "gateway/credentials/credential_cache.hpp"
#include "gateway/credentials/pair_files.hpp"
#include "gateway/credentials/refresh_schedule.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/net/loop.hpp"

namespace gateway::credential_refresh {

using credentials::cache_key;

// The secret of a key from now on, for credential_cache::put() of every worker.
struct publication {
    cache_key key;
    shared_secret secret;
    std::string reason;
    secret::time retry{};
};

// The status of a credential (of a token: for one project), for people and dashboards.
struct credential_status {
    std::string name, project;
    bool usable = false;
    bool refused = false;  // IAM or the cloud says that it is wrong
    std::string reason;    // what is wrong; empty when nothing is. May contain others' text: escape it
    std::optional<secret::time> expires;
    std::uint64_t fetched = 0, failed = 0;
};

struct entry;
struct fetch_context;

class credential_refresher final : public credentials::credential_provider {
public:
    // `publish` is called on the refresher's thread.
    explicit credential_refresher(std::function<void(const publication&)> publish);
    ~credential_refresher() override;  // after stop(), or without start()

    void start();
    // Ends the thread. False when something (a name look-up) does not end: then it must not be destroyed.
    [[nodiscard]] bool stop();
    // A new configuration; from any thread. Throws what iam_client's constructor throws.
    void adopt(std::shared_ptr<const credentials::store> store, const config::settings& settings);

    // From any thread.
    void request(const cache_key& key) override;
    void on_revoked(const cache_key& key, const shared_secret& revoked) override;
    void on_breaker_open(const cache_key& key, const shared_secret& refused, std::string details) override;
    void on_breaker_closed(const cache_key& key, const shared_secret& accepted) override;
    void verify(const cache_key& key, const shared_secret& refused) override;
    void note_skew(std::string_view region, std::chrono::seconds ahead) override;
    [[nodiscard]] std::vector<credential_status> statuses() const;
    [[nodiscard]] std::map<std::string, std::chrono::seconds> skews() const;

    // Fetches every credential once and checks it with one harmless query, for `check --online`, instead of start() and
    // adopt(). Returns at the end; calls `report` after each. Throws what adopt() throws.
    void check_all(std::shared_ptr<const credentials::store> store, const config::settings& settings,
                   const std::function<void(const credential_status&)>& report);

private:
    using time = secret::time;
    struct acquired_secret {
        shared_secret secret;
        credentials::probe_guard probe;
    };
    struct by_key {
        bool operator()(const cache_key& a, const cache_key& b) const {
            return a.serial != b.serial ? a.serial < b.serial : a.project < b.project;
        }
    };

    [[nodiscard]] std::shared_ptr<const fetch_context> make_context(std::shared_ptr<const credentials::store> store,
                                                                    const config::settings& settings);
    void apply(std::shared_ptr<const fetch_context> next);
    [[nodiscard]] entry* find_or_make(const cache_key& key);
    void invalidate(const cache_key& key, const shared_secret& revoked);
    void schedule(entry& item);
    void begin_due();
    void spawn(task<> coroutine);
    void begin_shutdown();
    void begin(entry& item, time now);
    [[nodiscard]] entry* finish(const cache_key& key);
    [[nodiscard]] task<> refresh(cache_key key);
    [[nodiscard]] task<fetched<shared_secret>> fetch(cache_key key, std::shared_ptr<const fetch_context> context);
    [[nodiscard]] task<fetched<shared_secret>> fetch_agency(const credentials::definition& agency,
                                                            std::shared_ptr<const fetch_context> context);
    [[nodiscard]] task<fetched<acquired_secret>> acquire(const cache_key& key,
                                                         std::shared_ptr<const fetch_context> context);
    [[nodiscard]] static bool can_check(const cache_key& key, const credentials::definition& credential);
    [[nodiscard]] task<acceptance> check(const cache_key& key, const secret& checked,
                                         std::shared_ptr<const fetch_context> context, std::string& reason);
    [[nodiscard]] task<> check_key(cache_key key);  // whose probe or verification is due
    void finish_probe(entry& item, acceptance result, std::string reason);
    void finish_verification(entry& item, acceptance result, std::string reason);
    [[nodiscard]] task<> watch_files();
    void poll_files(entry& item, time now);
    [[nodiscard]] task<credential_status> check_one(const credentials::definition& one);
    void on_fetched(entry& item, shared_secret fresh);
    void on_failed(entry& item, const credentials::fetch_failure& failure);
    void schedule_probe(entry& item, std::string details);
    void use_again(entry& item);  // whose breaker was open
    void publish(const entry& item);
    void update_status(const entry& item);
    [[nodiscard]] double jitter();

    std::function<void(const publication&)> publish_;
    net::loop loop_;
    std::shared_ptr<const fetch_context> context_;
    std::map<cache_key, std::unique_ptr<entry>, by_key> entries_;
    std::set<std::pair<time, entry*>> due_;
    net::deadline timer_;  // of the first entry that is due
    net::async_event changed_;
    std::size_t fetching_ = 0;
    bool stopping_ = false;
    std::minstd_rand random_{std::random_device{}()};
    mutable std::mutex statuses_mutex_;  // held for a copy only
    std::map<cache_key, credential_status, by_key> statuses_;
    std::map<std::string, std::chrono::seconds> skews_;
    std::atomic<bool> ended_{false};
    std::thread thread_;
};

}  // namespace gateway::credential_refresh
