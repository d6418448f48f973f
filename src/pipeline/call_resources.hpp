#pragma once
// What the calls of one worker share. Used on its thread only.

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/local_shared_ptr.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/credentials/credential_cache.hpp"
#include "gateway/ledger_client/ledger_client.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/operations/body.hpp"
#include "gateway/operations/response_facts.hpp"
#include "gateway/outcome/counters.hpp"
#include "gateway/outcome/outcome_log.hpp"
#include "gateway/outcome/record.hpp"
#include "gateway/pipeline/snapshot.hpp"
#include "gateway/signing/signature.hpp"
#include "gateway/upstream/client.hpp"

namespace gateway::pipeline {

// A snapshot with this worker's connections for it. Counted without atomics: it never leaves the worker.
struct active_config : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    active_config(net::loop& loop, std::shared_ptr<const pipeline::snapshot> current,
                  std::atomic<std::size_t>& connections, const active_config* previous);
    std::shared_ptr<const pipeline::snapshot> snapshot;
    upstream::client client;
    credentials::credential_cache credential_cache;
    std::vector<std::chrono::steady_clock::time_point> skew_measured;  // by region
};

// The memory of a call, used again by a later one: in the steady state a call allocates nothing of its own.
struct workspace {
    outcome::record record;
    std::string request;        // to the cloud: its head, and its body if that is small
    std::string response_head;  // to the caller, with a small body, or a whole answer of the gateway's own
    std::string shadow;
    std::string code, message;  // of the outcome line
    std::string upstream_request_id;
    operations::body body;
    operations::response_facts facts;
};

struct call_resources {
    call_resources(net::loop& event_loop, outcome::line_buffer& outcome_lines, outcome::counters& worker_counters,
                   std::atomic<std::size_t>& open_connections, credentials::credential_provider& provider,
                   ledger::gateway_ledger& process_ledger);

    [[nodiscard]] std::unique_ptr<workspace> take_workspace();
    void give_back(std::unique_ptr<workspace> used);
    // 32 hex digits.
    void write_request_id(char* digits) noexcept;
    // As X-Sdk-Date has it. Written once a second; a view until the next call here.
    [[nodiscard]] const std::string& date_of(std::chrono::system_clock::time_point time);

    net::loop& loop;
    outcome::line_buffer& records;
    outcome::counters& counters;
    std::atomic<std::size_t>& cloud_connections;
    credentials::credential_provider& credential_provider;
    ledger::ledger_client ledger;
    std::map<std::string, std::shared_ptr<net::async_event>> job_looks;  // under way, by the change's id
    net::async_event credential_changed;
    // Every configuration that some call still uses, and the one in force.
    boost::intrusive::list<active_config, boost::intrusive::constant_time_size<false>> configs;
    boost::local_shared_ptr<active_config> config;
    signing::signer signer;
    operations::body_reader body_reader;
    std::uint64_t unrecorded = 0;  // calls that were rejected since the outcome log took no line

private:
    std::vector<std::unique_ptr<workspace>> pool_;
    std::uint64_t id_prefix_,
        next_id_ = 1;  // of request ids: random for each worker, then counted; no half of them is all zeros
    std::chrono::sys_seconds date_second_{};  // the second that date_ tells
    std::string date_;
};

}  // namespace gateway::pipeline
