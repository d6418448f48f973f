#pragma once
// The path of a call, from top to bottom: handler::operator() in handler.cpp has its eight steps.

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/local_shared_ptr.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/credentials/credential_cache.hpp"
#include "gateway/http/session.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/operations/resize_body.hpp"
#include "gateway/outcome/counters.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "gateway/pipeline/own_answer.hpp"
#include "gateway/pipeline/snapshot.hpp"
#include "gateway/signing/signature.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::pipeline {

struct call;

// One for each worker, used on its thread only. Outlives the calls that it handles.
class handler {
public:
    // `credential_provider` fills the credential caches by put().
    // What it counts and records, its worker owns; `cloud_connections` counts those of all workers.
    handler(net::loop& loop, outcome::line_buffer& records, outcome::counters& counters,
            std::atomic<std::size_t>& cloud_connections, credentials::credential_provider& credential_provider,
            std::shared_ptr<const snapshot> first);
    ~handler();
    handler(const handler&) = delete;
    handler& operator=(const handler&) = delete;

    // New calls use `next`; calls under way end with the one that they began with.
    void adopt(std::shared_ptr<const snapshot> next);
    // A credential has come, or can't be had: for later calls and for those that wait.
    void put(const credentials::cache_key& key, const credentials::shared_secret& secret, const std::string& reason,
             credentials::secret::time retry);

    // Whether the body is needed, by the head alone: a request that is no caller's, or whose operation takes no body,
    // is rejected without it.
    [[nodiscard]] bool wants_body(http::session& caller);

    // Handles one call: sends one whole answer and writes one outcome line.
    [[nodiscard]] task<> operator()(http::session& caller);

private:
    friend struct call;
    // A snapshot with this worker's connections for it. Counted without atomics: it never leaves the worker.
    struct active_config
        : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        active_config(net::loop& loop, std::shared_ptr<const pipeline::snapshot> current,
                      std::atomic<std::size_t>& connections, const active_config* previous);
        std::shared_ptr<const pipeline::snapshot> snapshot;
        upstream::client client;
        credentials::credential_cache credential_cache;
        std::vector<std::chrono::steady_clock::time_point> skew_measured;  // by region
    };
    struct workspace;  // the memory of a call, used again by a later one

    // The answer with which the path of a call ends here, or nothing. Behind a pointer: every step returns one, and
    // most are nothing.
    class rejection {
    public:
        rejection() = default;
        rejection(own_answer answer)
            : answer_(std::make_unique<own_answer>(std::move(answer))) {}  // NOLINT: as an optional does
        rejection(std::nullopt_t) noexcept {}                              // NOLINT
        [[nodiscard]] explicit operator bool() const noexcept { return answer_ != nullptr; }
        [[nodiscard]] const own_answer& operator*() const noexcept { return *answer_; }

    private:
        std::unique_ptr<own_answer> answer_;
    };
    [[nodiscard]] std::unique_ptr<workspace> take_workspace();
    [[nodiscard]] rejection match_operation(call& c);
    [[nodiscard]] rejection authenticate(call& c);  // authentication.cpp
    [[nodiscard]] boost::system::result<callers::identity, callers::authentication_error> find_caller(
        call& c, std::chrono::sys_seconds now);
    [[nodiscard]] rejection read_body(call& c);
    [[nodiscard]] rejection authorize(call& c);
    [[nodiscard]] rejection sign(call& c);
    void add_body(call& c);
    void record_response_head(call& c, const message::response_head& head);
    [[nodiscard]] task<> send_response(call& c, upstream::response& got);
    [[nodiscard]] task<> stream_response(call& c, upstream::response& got);
    // Of the way to the cloud; `turned_away`: the call went out before, own_answer.
    [[nodiscard]] task<> send_failure(call& c, const upstream::failure& failure, bool on_credential_rejected);
    [[nodiscard]] task<> send_own_answer(call& c, const own_answer& answer);
    [[nodiscard]] task<bool> wait_for_outcome_log();

    // credential.cpp
    [[nodiscard]] rejection acquire_credential(call& c, std::chrono::steady_clock::time_point now);
    [[nodiscard]] task<rejection> wait_for_credential(call& c);
    [[nodiscard]] task<rejection> renew_credential(call& c);
    void on_credential_accepted(call& c, const message::response_head& head);
    void end_probe(call& c);
    void measure_clock_skew(call& c, const message::response_head& head);
    [[nodiscard]] task<bool> sign_again(call& c, upstream::response& got, bool again);
    [[nodiscard]] task<bool> has_expired(call& c, upstream::response& got);
    [[nodiscard]] task<> on_credential_rejected(call& c, upstream::response& got);

    net::loop& loop_;
    outcome::line_buffer& records_;
    outcome::counters& counters_;
    std::atomic<std::size_t>& cloud_connections_;
    credentials::credential_provider& credential_provider_;
    net::async_event credential_changed_;
    // Every configuration that some call still uses.
    boost::intrusive::list<active_config, boost::intrusive::constant_time_size<false>> configs_;
    boost::local_shared_ptr<active_config> config_;
    signing::signer signer_;
    operations::resize_reader resize_reader_;
    std::vector<std::unique_ptr<workspace>> pool_;
    std::uint64_t id_prefix_,
        next_id_ = 1;  // of request ids: random for each worker, then counted; no half of them is all zeros
    std::chrono::sys_seconds date_second_{};  // the second that date_ tells
    std::string date_;                        // X-Sdk-Date, written once a second
    std::uint64_t unrecorded_ = 0;
};

}  // namespace gateway::pipeline
