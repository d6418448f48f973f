#pragma once
// The state of one call, and the record that is written when it ends, however it ends.

#include "gateway/operations/operation.hpp"
#include "gateway/operations/response_facts.hpp"
#include "gateway/pipeline/handler.hpp"

namespace gateway::pipeline {

// Strings that keep their memory from call to call: in the steady state a call allocates nothing of its own.
struct handler::workspace {
    outcome::record record;
    std::string request;        // to the cloud: its head, and its body if that is small
    std::string response_head;  // to the caller, with a small body, or a whole answer of the gateway's own
    std::string shadow;
    std::string code, message;  // of the outcome line
    std::string upstream_request_id;
    operations::resize_request resize;
    operations::response_facts facts;
};

struct call {
    call(handler& creator, http::session& session);
    // Step 8. A destructor, so that a call which is cut off (by the end of a drain, say) has its line, too.
    ~call();
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    handler& owner;
    http::session& caller;
    boost::local_shared_ptr<handler::active_config> config;  // the configuration that this call began with
    std::unique_ptr<handler::workspace> space;
    std::array<char, 32> request_id_digits;
    // Views into what is here. In the workspace since Asio keeps a coroutine's frame for the next only up to 1,020
    // bytes.
    outcome::record& record;
    bool recorded = true;

    operations::match match;
    callers::caller_id caller_id{};
    signing::payload_hash payload{};
    const policy::project* project = nullptr;  // of the path; found when the caller is authenticated
    std::uint32_t credential = 0;
    policy::admission::ticket in_flight;
    credentials::credential_handle credential_handle;
    bool awaits_credential = false;
    std::size_t signature_end = 0;   // in space->request; 0: a token went out, no signature
    std::string_view separate_body;  // what of the request is not in space->request
    std::chrono::steady_clock::time_point authorized_at, sent_at;
    std::chrono::seconds clock_skew{0};  // the region's clock of ours, when it was looked at

    [[nodiscard]] std::string_view request_id() const { return {request_id_digits.data(), request_id_digits.size()}; }
    // Overwrites the request to the cloud where a token is in it.
    void wipe_request() noexcept;
    // What it was sent with, and must not come back: access key, token, signature. Empty where there is none.
    [[nodiscard]] std::array<std::string_view, 3> sent_values() const noexcept;
    // The cloud's code and message, for the outcome line: bounded, and without what the call was sent with.
    void record_cloud_error();
    // The key of its credential in the cache.
    [[nodiscard]] credentials::cache_key credential_key() const;
    [[nodiscard]] const pipeline::snapshot& snapshot() const { return *config->snapshot; }
};

}  // namespace gateway::pipeline
