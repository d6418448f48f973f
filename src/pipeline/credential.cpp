// The credential of a call: acquired from the worker's cache, waited for when it has to be fetched first, refreshed
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

constexpr std::size_t max_refusal = 64 * 1024;  // bytes of a 401's body that are looked at

}  // namespace

handler::rejection handler::acquire_credential(call& c, steady_clock::time_point now) {
    auto acquired = c.config->credential_cache.acquire(static_cast<credentials::credential_id>(c.credential),
                                                       c.match.project_id, c.record.caller, now);
    c.awaits_credential = !acquired && acquired.error().is_pending &&
                          acquired.error().retry_after <= c.snapshot().settings.timeouts.credential;
    if (acquired) {
        c.credential_handle = std::move(*acquired);
        c.record.credential = c.credential_handle.name();
        return std::nullopt;
    }
    const credentials::unavailable& missing = acquired.error();
    if (missing.should_request) credential_provider_.request(missing.key);
    c.record.credential = missing.name;
    return own_answer{
        .code = answer_code::no_credential,
        .message = std::string("credential ").append(missing.name) + " can't be used just now: " + missing.reason,
        .allow = {},
        .retry_after = missing.retry_after};
}

// Waits until there is something to sign with, at most timeouts.credential.
task<handler::rejection> handler::wait_for_credential(call& c) {
    const auto deadline = steady_clock::now() + c.snapshot().settings.timeouts.credential;
    for (;;) {
        const auto now = steady_clock::now();
        auto rejected = acquire_credential(c, now);
        if (!c.awaits_credential || now >= deadline || c.caller.draining()) {
            c.awaits_credential = false;
            co_return rejected;
        }
        // Notified when a credential was fetched or failed, not when a probe of another worker ends.
        constexpr auto look_again = std::chrono::milliseconds(50);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
        co_await credential_changed_.wait(std::min<std::chrono::milliseconds>(left, look_again));
    }
}

task<handler::rejection> handler::renew_credential(call& c) {
    credential_provider_.on_revoked(c.credential_key(), c.credential_handle.shared());
    c.config->credential_cache.invalidate(c.credential_key(), c.credential_handle.shared());
    auto rejected = co_await wait_for_credential(c);
    co_return rejected;
}

// The cloud accepted the signature or token, whatever else the answer says. 429 and 5xx may come before that check.
void handler::on_credential_accepted(call& c, const message::response_head& head) {
    const auto& signed_with = c.credential_handle.shared();
    if (head.status != 429 && head.status < 500 && signed_with->breaker.on_accepted())
        credential_provider_.on_breaker_closed(c.credential_key(), signed_with);
    end_probe(c);
}

void handler::end_probe(call& c) {
    if (!c.credential_handle.probe.is_active()) return;
    c.credential_handle.probe.end();
    credential_changed_.notify_all();
}

void handler::measure_clock_skew(call& c, const message::response_head& head) {
    constexpr auto often_enough = std::chrono::seconds(10);
    auto& measured = c.config->skew_measured[c.project->region_index];
    if (head.status != 401 && c.sent_at - measured < often_enough) return;
    const field* const date = head.fields.find(message::known::date);
    const auto cloud_time = date == nullptr ? std::nullopt : read_http_date(date->value);
    if (!cloud_time) return;
    measured = c.sent_at;
    c.clock_skew = *cloud_time - std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    credential_provider_.note_skew(c.project->region, c.clock_skew);
}

// The one answer after which a call goes out a second time: the cloud rejected it, before anything was done, since its
// credential has expired. False when the caller has its answer.
task<bool> handler::sign_again(call& c, upstream::response& got, bool again) {
    const bool expired = co_await has_expired(c, got);
    if (!expired || again) {
        co_await on_credential_rejected(c, got);
        co_return false;
    }
    auto rejected = co_await renew_credential(c);
    if (!rejected) rejected = sign(c);
    if (!rejected) co_return true;
    own_answer told = *rejected;
    told.on_credential_rejected = true;
    co_await send_own_answer(c, told);
    co_return false;
}

// Whether a 401 says that the token or the temporary pair is no good any more, so that a fresh one is. Reads what the
// 401 says, for whoever answers it.
task<bool> handler::has_expired(call& c, upstream::response& got) {
    auto& facts = c.space->facts;
    facts = {};
    const auto filled = co_await got.read_body(max_refusal);
    if (!filled || !got.whole()) co_return false;
    operations::read_response(got.body(), facts);
    const auto& credential = (*c.snapshot().credentials)[static_cast<credentials::credential_id>(c.credential)];
    if (credential.type == credentials::definition::source_type::pair) co_return false;
    co_return says_expired(facts.message, c.credential_handle.key() == nullptr);
}

// The cloud rejected the gateway's credential, before doing anything. Its text is not for the caller: it may echo the
// access key and what was signed.
task<> handler::on_credential_rejected(call& c, upstream::response& got) {
    record_response_head(c, got.head());
    c.record_cloud_error();
    // Counted before the probe ends, so that the calls which wait can't exceed the limit of refusals.
    const auto next = c.credential_handle.shared()->breaker.on_refused(credentials::caller_named(c.record.caller));
    if (next == credentials::consequence::open)
        credential_provider_.on_breaker_open(c.credential_key(), c.credential_handle.shared(),
                                             c.space->code + " " + c.space->message);
    if (next == credentials::consequence::verify)
        credential_provider_.verify(c.credential_key(), c.credential_handle.shared());
    end_probe(c);

    const auto whole = co_await got.read_body(max_refusal);
    if (!whole) {
        counters_.count_failure(c.project->region, kind_of(whole.error()));
        const own_answer failed = answer_to(whole.error());
        co_await send_own_answer(c, failed);
        co_return;
    }
    c.record.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - c.sent_at);
    c.record.code = c.space->code;
    c.record.message = c.space->message;
    c.record.outcome = delivery::answered;
    const own_answer own{
        .code = answer_code::credential_refused,
        .message =
            std::string("the cloud did not accept the gateway's credential ").append(c.credential_handle.name()) +
            "; nothing was done. The gateway's operator has to look at it, its outcome log tells why" +
            credentials::clock_remark(c.clock_skew),
        .allow = {}};
    spdlog::error("credential: the cloud refuses it: credential={} region={} code={} request_id={}",
                  c.credential_handle.name(), c.project->region, json_string(c.record.code.substr(0, 32)),
                  c.request_id());
    co_await send_own_answer(c, own);
}

}  // namespace gateway::pipeline
