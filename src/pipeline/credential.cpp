// Step 6: the credential of a call. Acquired from the worker's cache, waited for when it has to be fetched first,
// refreshed when the cloud says that it has expired, and counted when the cloud refuses it.

#include <spdlog/spdlog.h>

#include <algorithm>

#include "call.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/pipeline/answers.hpp"
#include "gateway/pipeline/forwarding.hpp"

namespace gateway::pipeline {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t max_refusal = 64 * 1024;  // bytes of a 401's body that are looked at

}  // namespace

credentials::cache_key call::credential_key() const {
    const auto& definition = (*snapshot().credentials)[credential_];
    const bool scoped = definition.type == credentials::definition::source_type::token;
    return {definition.serial, scoped ? std::string(match_.project_id) : std::string()};
}

// What is not there is requested.
std::optional<credentials::unavailable> call::acquire_credential() {
    auto acquired =
        config_->credential_cache.acquire(credential_, match_.project_id, record_.caller, steady_clock::now());
    if (!acquired) {
        if (acquired.error().should_request) resources_.credential_provider.request(acquired.error().key);
        record_.credential = acquired.error().name;
        return std::move(acquired.error());
    }
    credential_handle_ = std::move(*acquired);
    record_.credential = credential_handle_.name();
    return std::nullopt;
}

bool call::find_credential() { return !acquire_credential(); }

task<rejection> call::wait_for_credential() {
    const auto timeout = snapshot().settings.timeouts.credential;
    const auto deadline = steady_clock::now() + timeout;
    while (const auto missing = acquire_credential()) {
        const auto now = steady_clock::now();
        const bool may_come = missing->is_pending && missing->retry_after <= timeout;
        if (!may_come || now >= deadline || caller_.draining())
            co_return answers::no_credential(missing->name, missing->reason, missing->retry_after);
        // Notified when a credential was fetched or failed, not when a probe of another worker ends.
        constexpr auto look_again = std::chrono::milliseconds(50);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
        co_await resources_.credential_changed.wait(std::min<std::chrono::milliseconds>(left, look_again));
    }
    co_return rejection();
}

// The one answer after which a call goes out a second time: the cloud rejected it, before anything was done, since its
// credential has expired.
task<rejection> call::renew_credential(upstream::response& refusal) {
    const bool expired = co_await has_expired(refusal);
    if (!expired || attempts_ > 1) {
        count_refusal(refusal);
        auto refused = co_await reject_refusal(refusal);
        co_return refused;
    }
    revoke_credential();
    auto unavailable = co_await wait_for_credential();
    if (unavailable) unavailable->rejected_by_cloud = true;
    co_return unavailable;
}

// Whether a 401 says that the token or the temporary pair is no good any more, so that a fresh one is. Reads what the
// 401 says, for whoever answers it.
task<bool> call::has_expired(upstream::response& refusal) {
    auto& facts = space_->facts;
    facts = {};
    const auto filled = co_await refusal.read_body(max_refusal);
    if (!filled || !refusal.whole()) co_return false;
    operations::read_response(refusal.body(), facts);
    if ((*snapshot().credentials)[credential_].type == credentials::definition::source_type::pair) co_return false;
    co_return says_expired(facts.message, credential_handle_.key() == nullptr);
}

// The cloud accepted the signature or token, whatever else the answer says. 429 and 5xx may come before that check.
void call::on_credential_accepted(const message::response_head& head) {
    const auto& signed_with = credential_handle_.shared();
    if (head.status != 429 && head.status < 500 && signed_with->breaker.on_accepted())
        resources_.credential_provider.on_breaker_closed(credential_key(), signed_with);
    end_probe();
}

void call::end_probe() {
    if (!credential_handle_.probe.is_active()) return;
    credential_handle_.probe.end();
    resources_.credential_changed.notify_all();
}

// It has expired or was revoked: a fresh one is fetched for the calls to come.
void call::revoke_credential() {
    resources_.credential_provider.on_revoked(credential_key(), credential_handle_.shared());
    config_->credential_cache.invalidate(credential_key(), credential_handle_.shared());
}

void call::count_refusal(const upstream::response& refusal) {
    record_response_head(refusal.head());
    record_cloud_error();
    // Counted before the probe ends, so that the calls which wait can't exceed the limit of refusals.
    const auto& signed_with = credential_handle_.shared();
    const auto next = signed_with->breaker.on_refused(credentials::caller_named(record_.caller));
    if (next == credentials::consequence::open)
        resources_.credential_provider.on_breaker_open(credential_key(), signed_with,
                                                       space_->code + " " + space_->message);
    if (next == credentials::consequence::verify) resources_.credential_provider.verify(credential_key(), signed_with);
}

// The cloud refused the gateway's credential, before doing anything. Its text is not for the caller: it may echo the
// access key and what was signed.
task<rejection> call::reject_refusal(upstream::response& refusal) {
    record_response_head(refusal.head());
    record_cloud_error();
    end_probe();
    const auto whole = co_await refusal.read_body(max_refusal);
    if (!whole) co_return reject_failure(whole.error());
    record_upstream_time();
    record_.code = space_->code;
    record_.message = space_->message;
    record_.outcome = delivery::answered;
    spdlog::error("credential: the cloud refuses it: credential={} region={} code={} request_id={}",
                  credential_handle_.name(), project_->region, json_string(record_.code.substr(0, 32)), request_id());
    co_return answers::credential_refused(credential_handle_.name(), clock_skew_);
}

}  // namespace gateway::pipeline
