// The path of a call that changes something, after it was authorized (docs/changes.md). No byte goes out before its
// record is durable, and nothing slow lies between the two.

#include "change.hpp"

#include "call.hpp"
#include "gateway/base/hide.hpp"
#include "gateway/ledger/answer_meaning.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

task<rejection> call::send_change() {
    if (auto rejected = identify_change()) co_return rejected;
    auto repeated = co_await find_repeat();  // which is answered from its record, and takes nothing else
    if (repeated) co_return repeated;
    if (auto rejected = admit_change()) co_return rejected;
    if (!find_credential()) {
        auto unavailable = co_await wait_for_credential();
        if (unavailable) co_return unavailable;
    }
    auto connection = co_await config_->client.acquire(project_->region_index);
    if (!connection) co_return reject_failure(connection.error());
    sign();
    auto unrecorded = co_await record_change();
    if (unrecorded) co_return unrecorded;
    auto failed = co_await exchange_change(*connection);
    co_return failed;
}

// Sends it, once, and records what becomes of it before the caller knows.
task<rejection> call::exchange_change(upstream::lease& connection) {
    const upstream::request request{space_->request, separate_body_};
    begin_exchange();
    change_->record->on_sending();
    auto response = co_await config_->client.exchange(connection, request);
    if (!response) co_return lose_change(response.error());
    measure_clock_skew(response->head());
    if (response->head().status == 401) {
        auto refused = co_await refuse_change(*response);
        co_return refused;
    }
    on_credential_accepted(response->head());
    const auto filled = co_await read_response(*response);
    if (!filled) co_return lose_change(filled.error());
    co_await record_answer(*response);
    co_await send_read_response(*response);
    co_return rejection();
}

// No whole answer.
rejection call::lose_change(const upstream::failure& failure) {
    if (failure.delivery == delivery::not_sent) {
        change_->record->give_up(failure.text());
        set_change_state(ledger::state::not_sent);
    } else {
        change_->record->lose(failure.text());
        set_change_state(ledger::state::unknown);
    }
    rejection failed = reject_failure(failure);
    failed->change = change_note_of_call();
    return failed;
}

// A 401: nothing was done, and it is not sent again: what the ledger has as sent once goes out once. The credential is
// renewed for the next.
task<rejection> call::refuse_change(upstream::response& refusal) {
    const bool expired = co_await has_expired(refusal);
    expired ? revoke_credential() : count_refusal(refusal);
    auto refused = co_await reject_refusal(refusal);
    if (refused->code != answer_code::credential_refused) {
        change_->record->lose("the answer was cut off");
        set_change_state(ledger::state::unknown);
    } else {
        ledger::kept_answer not_kept;  // the caller gets another
        not_kept.status = 401;
        ledger::facts learnt;
        learnt.code = space_->code;
        static_cast<void>(co_await change_->record->finish(ledger::state::refused, not_kept, learnt));
        set_change_state(ledger::state::refused);
    }
    refused->change = change_note_of_call();
    co_return refused;
}

task<> call::record_answer(const upstream::response& response) {
    const auto& facts = space_->facts;
    const bool whole = response.whole();  // a larger one was not read
    const int status = static_cast<int>(response.head().status);
    ledger::kept_answer kept;
    ledger::answer_view seen;
    kept.status = seen.status = status;
    ledger::facts learnt;
    if (whole) {
        seen.code = facts.code;
        seen.has_job_id = !facts.job_id.empty();
        seen.has_order_id = !facts.order_id.empty();
        learnt.job_id = facts.job_id;
        learnt.order_id = facts.order_id;
        learnt.code = space_->code;
        learnt.message = space_->message;
        if (const field* const type = response.head().fields.find(message::known::content_type))
            kept.content_type = type->value;
        if (response.body().size() <= ledger::max_kept_body) kept.body = response.body();
        hide(kept.body, sent_values());
    }
    const ledger::state meaning = ledger::find_meaning(seen);
    static_cast<void>(co_await change_->record->finish(meaning, kept, learnt));
    set_change_state(meaning);
    append_change_fields(change_->fields, change_note_of_call());
}

void call::close_change() noexcept {
    if (!change_ || !change_->record) return;
    if (const auto left_in = change_->record->close()) set_change_state(*left_in);
}

void call::set_change_state(ledger::state reached) {
    change_->current = reached;
    record_.change_state = ledger::name(reached);
}

change_note call::change_note_of_call() const {
    return {.id = std::string(request_id()),
            .state = ledger::name(change_->current),
            .busy_with = {},
            .awaiting_payment = change_->awaiting_payment};
}

}  // namespace gateway::pipeline
