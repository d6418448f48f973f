#pragma once
// One call: what is known of it so far, and the steps of its path, whose order is in handler.cpp.

#include <array>
#include <optional>
#include <string_view>

#include "call_resources.hpp"
#include "change.hpp"
#include "gateway/http/session.hpp"
#include "gateway/pipeline/forwarding.hpp"
#include "gateway/pipeline/judge.hpp"
#include "gateway/pipeline/rejection.hpp"

namespace gateway::pipeline {

class call {
public:
    call(call_resources& shared, http::session& session);
    // Step 8. A destructor, so that a call which is cut off (by the end of a drain, say) has its line, too.
    ~call();
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    // The outcome log takes no lines and too many wait: waits as long as a header may take.
    [[nodiscard]] bool log_has_room() const noexcept { return resources_.records.has_room(); }
    [[nodiscard]] task<rejection> wait_for_log_room();
    [[nodiscard]] rejection match_operation();  // route.cpp
    [[nodiscard]] rejection authenticate();     // authenticate.cpp
    [[nodiscard]] rejection read_body();        // read_body.cpp
    [[nodiscard]] rejection authorize();        // authorize.cpp
    // Then either: the path of a change. Nothing: the caller has its answer.
    [[nodiscard]] bool changes_something() const noexcept { return pipeline::changes_something(match_, space_->body); }
    [[nodiscard]] task<rejection> send_change();  // change.cpp
    // Or one that the gateway answers by itself.
    [[nodiscard]] bool asks_the_ledger() const noexcept {
        return match_.operation->answered_by == operations::answerer::gateway;
    }
    [[nodiscard]] task<> answer_from_ledger();  // show_changes.cpp
    // Or the steps of a query.
    [[nodiscard]] rejection admit();  // authorize.cpp
    // In the worker's cache, which usually has it. Else: waits for it, at most timeouts.credential.
    [[nodiscard]] bool find_credential();                 // credential.cpp
    [[nodiscard]] task<rejection> wait_for_credential();  // credential.cpp
    void sign();                                          // sign.cpp
    // Sends the signed request and waits for the head of the response.
    [[nodiscard]] task<upstream::result<upstream::response>> exchange();  // exchange.cpp
    // After a 401. Nothing: the cloud did nothing since the credential had expired, and there is a fresh one.
    [[nodiscard]] task<rejection> renew_credential(upstream::response& refusal);  // credential.cpp
    [[nodiscard]] rejection reject_failure(const upstream::failure& failure);     // exchange.cpp
    [[nodiscard]] task<> send_response(upstream::response& response);             // respond.cpp
    [[nodiscard]] task<> send_own_answer(const own_answer& answer);               // respond.cpp

private:
    [[nodiscard]] const pipeline::snapshot& snapshot() const { return *config_->snapshot; }
    [[nodiscard]] std::string_view request_id() const { return {request_id_digits_.data(), request_id_digits_.size()}; }
    [[nodiscard]] judged_request request() const;  // route.cpp
    // nullptr where the operation is no resize. Of use once the body is read.
    [[nodiscard]] const operations::resize_request* resize_body() const {
        const bool is_resize = match_.operation->body == operations::body_kind::resize;
        return is_resize ? std::get_if<operations::resize_request>(&space_->body) : nullptr;
    }

    // authenticate.cpp
    [[nodiscard]] boost::system::result<callers::identity, callers::authentication_error> find_caller(
        std::chrono::sys_seconds now);
    void log_failure(callers::auth_failure cause) const;

    // show_changes.cpp
    [[nodiscard]] ledger::viewer viewer() const;
    [[nodiscard]] task<own_answer> show_change();
    [[nodiscard]] task<own_answer> list_changes();

    // record_change.cpp
    [[nodiscard]] rejection identify_change();
    [[nodiscard]] task<rejection> find_repeat();
    void note_repeat(const ledger::repeat* first);
    [[nodiscard]] rejection admit_change();
    [[nodiscard]] ledger::change_request make_change_request() const;
    [[nodiscard]] task<rejection> record_change();
    [[nodiscard]] rejection on_recorded(const ledger::recorded& made);
    [[nodiscard]] rejection answer_to(const ledger::record_result& refused);

    // change.cpp
    [[nodiscard]] task<rejection> exchange_change(upstream::lease& connection);
    [[nodiscard]] rejection lose_change(const upstream::failure& failure);
    [[nodiscard]] task<rejection> refuse_change(upstream::response& refusal);
    [[nodiscard]] task<> record_answer(const upstream::response& response);
    void close_change() noexcept;
    void set_change_state(ledger::state reached);
    [[nodiscard]] change_note change_note_of_call() const;

    // credential.cpp
    [[nodiscard]] std::optional<credentials::unavailable> acquire_credential();
    [[nodiscard]] credentials::cache_key credential_key() const;
    void on_credential_accepted(const message::response_head& head);
    void end_probe();
    [[nodiscard]] task<bool> has_expired(upstream::response& refusal);
    void revoke_credential();
    void count_refusal(const upstream::response& refusal);
    [[nodiscard]] task<rejection> reject_refusal(upstream::response& refusal);

    // sign.cpp
    void append_body();
    // Overwrites the request to the cloud where a token is in it.
    void wipe_request() noexcept;
    // What it was sent with, and must not come back: access key, token, signature. Empty where there is none.
    [[nodiscard]] std::array<std::string_view, 3> sent_values() const noexcept;

    // exchange.cpp
    void begin_exchange();
    void count_failure(const upstream::failure& failure);
    void measure_clock_skew(const message::response_head& head);

    // respond.cpp
    void record_response_head(const message::response_head& head);
    void record_response_body(const upstream::response& response);
    // The cloud's code and message: bounded, and without what the call was sent with.
    void record_cloud_error();
    void record_upstream_time();
    [[nodiscard]] task<upstream::result<void>> read_response(upstream::response& response);
    [[nodiscard]] task<> send_read_response(upstream::response& response);
    void write_head(const upstream::response& response, const response_framing& framing);
    [[nodiscard]] task<> send_whole(upstream::response& response);
    [[nodiscard]] task<> stream(upstream::response& response);

    call_resources& resources_;
    http::session& caller_;
    boost::local_shared_ptr<active_config> config_;  // the configuration that this call began with
    std::unique_ptr<workspace> space_;
    std::array<char, 32> request_id_digits_;
    // Views into what is here. In the workspace since Asio keeps a coroutine's frame for the next only up to 1,020
    // bytes.
    outcome::record& record_;
    outcome::line_buffer* outcome_lines_;  // nullptr: the log takes none

    operations::match match_;
    callers::caller_id caller_id_{};
    signing::payload_hash payload_{};
    std::uint32_t rule_index_ = 0;              // of the rule that allows it
    const policy::project* project_ = nullptr;  // of the path; found when the caller is authenticated
    credentials::credential_id credential_{};
    policy::admission::ticket in_flight_;
    credentials::credential_handle credential_handle_;
    std::unique_ptr<change_state> change_;  // of a call that changes something
    unsigned attempts_ = 0;                 // how often it was sent
    std::size_t signature_end_ = 0;         // in space_->request; 0: a token went out, no signature
    std::string_view separate_body_;        // what of the request is not in space_->request
    std::chrono::steady_clock::time_point sent_at_;
    std::chrono::seconds clock_skew_{0};  // the region's clock of ours, when it was looked at
};

}  // namespace gateway::pipeline
