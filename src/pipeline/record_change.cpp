// The record of a change: whose it is, whether it repeats another, and the commit without which nothing is sent.

#include "call.hpp"
#include "change.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/base/time.hpp"
#include "gateway/pipeline/answers.hpp"
#include "job_look.hpp"
#include "repeat.hpp"

namespace gateway::pipeline {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

// Looks at a first call that is still being sent: soon, then less often.
constexpr auto first_pause = 50ms, last_pause = 500ms;

std::string fingerprint_of(const message::request_head& head, const signing::payload_hash& payload) {
    constexpr std::string_view separator("\0", 1);
    const sha256_digest digest = sha256()
                                     .update(head.method)
                                     .update(separator)
                                     .update(head.path)
                                     .update(separator)
                                     .update({payload.data(), payload.size()})
                                     .finish();
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

rejection call::identify_change() {
    change_fields fields = read_change_fields(caller_.head().fields);
    if (!fields.problem.empty()) return answers::malformed_field(fields.problem);
    const config::rule& rule = snapshot().settings.policy[rule_index_];
    change_ = std::make_unique<change_state>();
    ledger::identity& identity = change_->identity;
    identity.key = std::move(fields.key);
    record_.idempotency_key = identity.key;
    if (rule.key_required && identity.key.empty()) {
        record_.decided = outcome::decision::denied;
        return answers::key_required(rule.name);
    }
    if (rule.may_override_unknown) change_->after = std::move(fields.after);
    identity.caller = record_.caller;
    identity.account = project_->account;
    identity.fingerprint = fingerprint_of(caller_.head(), payload_);
    // Also where the listener proves the caller, and a signature nothing.
    const field* const authorization = caller_.head().fields.find(message::known::authorization);
    if (authorization != nullptr && signing::is_signature(authorization->value)) {
        identity.signature = authorization->value;
        const field* const date = caller_.head().fields.find(message::known::x_sdk_date);
        identity.signed_at = (date == nullptr ? std::nullopt : read_sdk_date(date->value)).value_or(identity.signed_at);
    }
    return {};
}

// The answer to a repeat. It waits for a first call that is still being sent, as long as that may take.
task<rejection> call::find_repeat() {
    const ledger::identity& identity = change_->identity;
    if (identity.key.empty() && identity.signature.empty()) co_return rejection();
    const auto deadline = caller_.began() + snapshot().settings.timeouts.upstream_response;
    for (std::chrono::milliseconds pause = first_pause;;
         pause = std::min<std::chrono::milliseconds>(2 * pause, last_pause)) {
        auto look_up = [identity](ledger::store& store) { return store.find_repeat(identity); };
        auto reading =
            resources_.ledger.read<ledger::found_repeat>(std::move(look_up), snapshot().settings.timeouts.ledger);
        auto found = co_await std::move(reading);
        if (!found) co_return answers::ledger_unavailable(found.error());
        if (const auto* other = std::get_if<ledger::other_request>(&*found)) co_return answers::other_request(*other);
        const auto* first = std::get_if<ledger::repeat>(&*found);
        note_repeat(first);
        if (first == nullptr) co_return rejection();
        if (auto answer = answer_to_repeat(*first, match_.project_id)) co_return std::move(*answer);
        if (steady_clock::now() + pause >= deadline || caller_.draining())
            co_return answers::first_is_sending({first->id, first->current, match_.project_id});
        co_await net::pause(resources_.loop, pause);
    }
}

// For the outcome line. nullptr: it repeats none, or none any more.
void call::note_repeat(const ledger::repeat* first) {
    change_->id = first != nullptr ? first->id : std::string();
    record_.change_id = change_->id;
    record_.change_state = first != nullptr ? ledger::name(first->current) : std::string_view();
    record_.replayed = first != nullptr;
}

rejection call::admit_change() {
    auto admitted = snapshot().admission.admit_change(rule_index_, static_cast<std::uint32_t>(caller_id_));
    if (!admitted.admitted) {
        record_.decided = outcome::decision::denied;
        return answers::too_many_in_flight(record_.rule, admitted.retry_after);
    }
    in_flight_ = std::move(admitted.hold);
    return {};
}

ledger::change_request call::make_change_request() const {
    ledger::change_request request =
        change_of(match_, space_->body, *project_, snapshot().settings.policy[rule_index_]);
    request.id = request_id();
    request.identity = change_->identity;
    request.after = change_->after;
    request.begun = ledger_time();
    return request;
}

// One durable commit. Nothing: it is recorded as being sent, by this call and by no other.
task<rejection> call::record_change() {
    change_->record.emplace(resources_.ledger, make_change_request(), snapshot().settings.timeouts.ledger);
    bool may_look = true;  // at the job of an accepted change that holds the server, once
    for (int again = 0;; ++again) {
        auto result = co_await change_->record->record();
        if (const auto* made = std::get_if<ledger::recorded>(&result)) co_return on_recorded(*made);
        const auto* const conflict = std::get_if<ledger::busy>(&result);
        if (conflict != nullptr && may_look && conflict->holder.current == ledger::state::accepted) {
            may_look = false;
            co_await look_at_job(resources_, config_, conflict->holder, credential_handle_);
            continue;
        }
        // Another call with the key or signature was faster.
        if (const auto* const first = std::get_if<ledger::repeat>(&result); first != nullptr && again < 3) {
            auto repeated = co_await find_repeat();
            if (repeated) co_return repeated;
            continue;  // and has ended without being sent
        }
        co_return answer_to(result);
    }
}

rejection call::on_recorded(const ledger::recorded& made) {
    change_->id = request_id();
    change_->awaiting_payment = made.awaiting_payment;
    record_.change_id = change_->id;
    set_change_state(ledger::state::sending);
    if (!change_->record->is_late()) return {};
    change_->record->give_up("it was recorded later than timeouts.ledger allows");
    set_change_state(ledger::state::not_sent);
    own_answer late = answers::recorded_too_late(snapshot().settings.timeouts.ledger);
    late.change = change_note_of_call();
    return late;
}

rejection call::answer_to(const ledger::record_result& refused) {
    if (const auto* cause = std::get_if<ledger::unavailable>(&refused)) return answers::ledger_unavailable(*cause);
    if (const auto* other = std::get_if<ledger::other_request>(&refused)) return answers::other_request(*other);
    if (const auto* first = std::get_if<ledger::repeat>(&refused)) {
        note_repeat(first);
        return answers::first_is_sending({first->id, first->current, match_.project_id});
    }
    if (const auto* conflict = std::get_if<ledger::busy>(&refused))
        return answers::server_busy(*conflict, ledger_time());
    record_.decided = outcome::decision::denied;
    if (const auto* stop = std::get_if<ledger::frozen>(&refused)) return answers::frozen(stop->freeze);
    return answers::over_rate(record_.rule, std::get<ledger::over_rate>(refused).retry_after);
}

}  // namespace gateway::pipeline
