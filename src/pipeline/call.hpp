#pragma once
// One call on its way: what is known of it so far, and the record that is written when it ends, however it ends.

#include "gateway/operations/answer_facts.hpp"
#include "gateway/operations/operation.hpp"
#include "gateway/pipeline/gateway.hpp"

namespace gateway::pipeline {

// Strings that keep their memory from call to call: in the steady state a call allocates nothing of its own.
struct gateway::workspace {
    outcome::record record;
    std::string request;      // to the cloud: its head, and its body if that is small
    std::string answer_head;  // to the caller, with a small body, or a whole answer of the gateway's own
    std::string shadow;
    std::string code, message;  // of the outcome line
    std::string upstream_request_id;
    operations::resize_request resize;
    operations::answer_facts facts;
};

struct call {
    call(gateway& of, http::session& from);
    // Step 8. A destructor, so that a call which is cut off (by the end of a drain, say) has its line, too.
    ~call();
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    gateway& in;
    http::session& caller;
    boost::local_shared_ptr<gateway::in_force> by;  // what is in force for this call
    std::unique_ptr<gateway::workspace> space;
    std::array<char, 32> id;
    // Views into what is here. In the workspace since Asio keeps a coroutine's frame for the next only up to 1,020
    // bytes.
    outcome::record& record;
    bool recorded = true;

    operations::match what;
    callers::id who{};
    signing::payload_hash payload{};
    const policy::project* project = nullptr;  // of the path; found when the caller is authenticated
    std::uint32_t credential = 0;
    policy::admission::ticket in_flight;
    credentials::lease signs_with;
    bool awaits_credential = false;
    std::size_t signature_end = 0;  // in space->request; 0: a token went out, no signature
    std::string_view body_behind;   // what of the request is not in space->request
    std::chrono::steady_clock::time_point judged, sent;
    std::chrono::seconds ahead{0};  // the region's clock of ours, when it was looked at

    [[nodiscard]] std::string_view request_id() const { return {id.data(), id.size()}; }
    // Overwrites the request to the cloud where a token is in it.
    void forget_request() noexcept;
    // What it was sent with, and must not come back: access key, token, signature. Empty where there is none.
    [[nodiscard]] std::array<std::string_view, 3> sent_values() const noexcept;
    // The cloud's code and message, for the outcome line: bounded, and without what the call was sent with.
    void note_refusal();
    // Where its credential is in the wallet.
    [[nodiscard]] credentials::slot slot() const;
    [[nodiscard]] const snapshot& now_in_force() const { return *by->is; }
};

}  // namespace gateway::pipeline
