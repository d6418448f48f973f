#pragma once
// Asks the cloud one thing at a time about a change: paced, signed with the change's own credential, with a bounded
// answer. Used on the follower's thread.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/credentials/credential_cache.hpp"
#include "gateway/follow/configuration.hpp"
#include "gateway/follow/schedule.hpp"
#include "gateway/ledger/records.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/signing/signature.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::follow {

enum class subject : std::uint8_t { job, server, trace, order };
inline constexpr std::array subjects{"job", "server", "trace", "order"};
enum class result : std::uint8_t { ok, refused, throttled, failed, no_credential };
inline constexpr std::array results{"ok", "refused", "throttled", "failed", "no_credential"};

// A configuration with its connections and secrets. Requests under way keep theirs.
struct active_configuration {
    active_configuration(net::loop& loop, configuration next, std::atomic<std::size_t>& connections,
                         const active_configuration* previous);
    configuration current;
    upstream::client client;
    credentials::credential_cache secrets;
};

// Where a change is asked for, and as whom. Views into the configuration.
struct account_access {
    std::shared_ptr<active_configuration> config;
    std::string_view account, project_id, region;
    credentials::credential_id credential{};
    std::size_t ecs = 0;  // endpoints of the client
    std::optional<std::size_t> cts, billing;
};

struct question {
    follow::subject subject = subject::job;
    std::size_t endpoint = 0;
    std::string method = "GET", path, query{}, body{};
    std::string trace_id;  // 32 hex digits: the change's id
};

struct reply {
    follow::result result = result::failed;
    unsigned status = 0;
    std::string body;
};

class cloud_reader {
public:
    cloud_reader(net::loop& loop, credentials::credential_provider& provider, std::atomic<std::size_t>& connections);

    // On the thread.
    void adopt(configuration next);
    void put(const credentials::cache_key& key, const credentials::shared_secret& secret, const std::string& reason,
             credentials::secret::time retry);

    // Nothing where the account or its project is not in the configuration.
    [[nodiscard]] std::optional<account_access> find_account(const ledger::change& change) const;
    // How long a change of that account should wait for its place; zero: a turn is near.
    [[nodiscard]] std::chrono::microseconds delay(const account_access& access);
    // At most the time-outs of a call and of its credential, beside the turn.
    [[nodiscard]] task<reply> ask(const account_access& access, question asked);
    [[nodiscard]] const config::settings& settings() const { return *config_->current.settings; }
    [[nodiscard]] bool is_ready() const noexcept { return config_ != nullptr; }

    // From any thread: how many requests of a subject had a result.
    [[nodiscard]] std::uint64_t count(subject asked, result had) const;

private:
    [[nodiscard]] task<std::optional<credentials::credential_handle>> acquire(const account_access& access);
    [[nodiscard]] task<reply> send(const account_access& access, const question& asked,
                                   credentials::credential_handle& credential);
    void judge_proof(const account_access& access, const credentials::credential_handle& credential, unsigned status);
    void count_result(subject asked, result had);

    net::loop& loop_;
    credentials::credential_provider& provider_;
    std::atomic<std::size_t>& connections_;
    std::shared_ptr<active_configuration> config_;
    signing::signer signer_;
    pace accounts_{std::chrono::seconds(1)};
    pace billing_{std::chrono::milliseconds(200)};
    std::map<std::string, std::size_t, std::less<>> under_way_;  // requests, by region
    net::async_event changed_;                                   // a credential came, or a request ended
    std::array<std::array<std::atomic<std::uint64_t>, results.size()>, subjects.size()> counts_{};
};

}  // namespace gateway::follow
