// The credential's part in a call: lent from the worker's wallet, waited for when it has to be fetched first, renewed
// when the cloud says that it has expired, and counted when the cloud refuses it.

#include <spdlog/spdlog.h>

#include <algorithm>

#include "call.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"
#include "gateway/credentials/iam.hpp"
#include "gateway/pipeline/forwarding.hpp"

namespace gateway::pipeline {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_refusal = 64 * 1024;  // bytes of a 401's body that are looked at

}  // namespace

gateway::refused gateway::borrow(call& c, steady_clock::time_point now) {
    auto lent = c.by->wallet.take(static_cast<credentials::id>(c.credential), c.what.project_id, c.record.caller, now);
    c.awaits_credential =
        !lent && lent.error().on_its_way && lent.error().retry_after <= c.now_in_force().settings.timeouts.credential;
    if (lent) {
        c.signs_with = std::move(*lent);
        c.record.credential = c.signs_with.name();
        return std::nullopt;
    }
    const credentials::unavailable& no = lent.error();
    if (no.ask) supplier_.want(no.where);
    c.record.credential = no.name;
    return own_answer{.code = answer_code::no_credential,
                      .message = std::string("credential ").append(no.name) + " can't be used just now: " + no.why,
                      .allow = {},
                      .retry_after = no.retry_after};
}

// Waits until there is something to sign with, at most timeouts.credential.
task<gateway::refused> gateway::wait_for_credential(call& c) {
    const auto until = steady_clock::now() + c.now_in_force().settings.timeouts.credential;
    for (;;) {
        const auto now = steady_clock::now();
        auto no = borrow(c, now);
        if (!c.awaits_credential || now >= until || c.caller.draining()) {
            c.awaits_credential = false;
            co_return no;
        }
        // Rings when a credential comes or fails; calls of other workers that try a key end without a word to us.
        constexpr auto look_again = std::chrono::milliseconds(50);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
        co_await credential_came_.wait(std::min<std::chrono::milliseconds>(left, look_again));
    }
}

task<gateway::refused> gateway::renew_credential(call& c) {
    supplier_.drop(c.slot(), c.signs_with.shared());
    c.by->wallet.drop(c.slot(), c.signs_with.shared());
    auto no = co_await wait_for_credential(c);
    co_return no;
}

// Whatever the answer says of the call, the cloud took its signature or token. 429 and 5xx may be said before that.
void gateway::accepted(call& c, const message::response_head& answer) {
    const auto& signed_with = c.signs_with.shared();
    if (answer.status != 429 && answer.status < 500 && signed_with->taken.accepted())
        supplier_.resume(c.slot(), signed_with);
    end_trial(c);
}

void gateway::end_trial(call& c) {
    if (!c.signs_with.tries.under_way()) return;
    c.signs_with.tries.end();
    credential_came_.notify_all();
}

void gateway::look_at_clock(call& c, const message::response_head& answer) {
    constexpr auto often_enough = std::chrono::seconds(10);
    auto& noted = c.by->skew_noted[c.project->region_index];
    if (answer.status != 401 && c.sent - noted < often_enough) return;
    const field* const date = answer.fields.find(message::known::date);
    const auto there = date == nullptr ? std::nullopt : read_http_date(date->value);
    if (!there) return;
    noted = c.sent;
    c.ahead = *there - std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    supplier_.note_skew(c.project->region, c.ahead);
}

// The one answer after which a call goes out a second time: the cloud turned it away, before anything was done, since
// what it was signed with has expired. False when the caller has its answer.
task<bool> gateway::signed_anew(call& c, upstream::response& got, bool again) {
    const bool expired = co_await has_expired(c, got);
    if (!expired || again) {
        co_await turned_away(c, got);
        co_return false;
    }
    auto late = co_await renew_credential(c);
    if (!late) late = sign(c);
    if (!late) co_return true;
    own_answer told = *late;
    told.turned_away = true;
    co_await answer(c, told);
    co_return false;
}

// Whether a 401 says that the token or the temporary pair is no good any more, so that a fresh one is. Reads what the
// 401 says, for whoever answers it.
task<bool> gateway::has_expired(call& c, upstream::response& got) {
    auto& facts = c.space->facts;
    facts = {};
    const auto filled = co_await got.read_body(most_refusal);
    if (!filled || !got.whole()) co_return false;
    operations::read_answer(got.body(), facts);
    const auto& credential = (*c.now_in_force().credentials)[static_cast<credentials::id>(c.credential)];
    if (credential.by == credentials::definition::way::pair) co_return false;
    co_return says_expired(facts.message, c.signs_with.key() == nullptr);
}

// The cloud turned the gateway itself away, before doing anything. What it says is not for the caller: it may echo the
// access key and what was signed.
task<> gateway::turned_away(call& c, upstream::response& got) {
    note_answer(c, got.head());
    c.note_refusal();
    // Counted before the trial ends, so that those who wait for their turn can't add a refusal too many.
    const auto next = c.signs_with.shared()->taken.refused(credentials::caller_named(c.record.caller));
    if (next == credentials::consequence::rest)
        supplier_.rest(c.slot(), c.signs_with.shared(), c.space->code + " " + c.space->message);
    if (next == credentials::consequence::query) supplier_.doubt(c.slot(), c.signs_with.shared());
    end_trial(c);

    const auto whole = co_await got.read_body(most_refusal);
    if (!whole) {
        counters_.count_failure(c.project->region, kind_of(whole.error()));
        const own_answer failed = answer_to(whole.error());
        co_await answer(c, failed);
        co_return;
    }
    c.record.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - c.sent);
    c.record.code = c.space->code;
    c.record.message = c.space->message;
    c.record.outcome = delivery::answered;
    const own_answer no{
        .code = answer_code::credential_refused,
        .message = std::string("the cloud did not accept the gateway's credential ").append(c.signs_with.name()) +
                   "; nothing was done. The gateway's operator has to look at it, its outcome log tells why" +
                   credentials::clock_remark(c.ahead),
        .allow = {}};
    spdlog::error("credential: the cloud refuses it: credential={} region={} code={} request_id={}",
                  c.signs_with.name(), c.project->region, json_string(c.record.code.substr(0, 32)), c.request_id());
    co_await answer(c, no);
}

}  // namespace gateway::pipeline
