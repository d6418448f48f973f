// How each type of credential is fetched: an agency with the credential that may assume it.

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "entry.hpp"
#include "gateway/base/escape.hpp"

namespace gateway::credential_refresh {

namespace {

using namespace std::chrono_literals;
using credentials::admission;
using credentials::consequence;
using credentials::definition;
using credentials::fetch_failure;
using credentials::requester;
using std::chrono::steady_clock;
using source_type = definition::source_type;

fetch_failure unexpected_failure(const std::exception& e) {
    return {.reason = "it can't be fetched just now", .details = e.what()};
}

}  // namespace

task<> credential_refresher::refresh(cache_key key) {
    const auto found = entries_.find(key);
    fetched<shared_secret> got = fetch_failure{.reason = "it is no longer configured"};
    if (found != entries_.end()) {
        try {
            auto fresh = co_await fetch(key, found->second->context);
            got = std::move(fresh);
        } catch (const std::exception& e) {
            got = unexpected_failure(e);
        }
    }
    entry* const item = finish(key);
    if (item == nullptr) co_return;
    if (got)
        on_fetched(*item, std::move(*got));
    else
        on_failed(*item, got.error());
    schedule(*item);
}

task<fetched<shared_secret>> credential_refresher::fetch(cache_key key, std::shared_ptr<const fetch_context> context) {
    const definition& credential = *context->definitions.at(key.serial);
    switch (credential.type) {
        case source_type::token: {
            // A token for a project comes from its region's IAM; the cache key has the project.
            const auto region = context->store->region_of(key.project.empty() ? credential.project : key.project);
            auto got = co_await context->client->token(credential.token, region, key.project);
            co_return got;
        }
        case source_type::agency: {
            auto got = co_await fetch_agency(credential, context);
            co_return got;
        }
        case source_type::metadata: {
            auto got = co_await context->client->metadata();
            co_return got;
        }
        case source_type::pair:
            break;
    }
    co_return fetch_failure{.reason = "a pair comes from the configuration, not from the network"};
}

task<fetched<shared_secret>> credential_refresher::fetch_agency(const definition& agency,
                                                                std::shared_ptr<const fetch_context> context) {
    const definition& through = context->store->all()[agency.through];
    const cache_key via{through.serial, {}};
    for (bool retried = false;;) {
        auto acquired = co_await acquire(via, context);
        if (!acquired) co_return acquired.error();
        const acquired_secret proof = std::move(*acquired);
        proof.secret->used.store(true, std::memory_order_relaxed);
        acceptance result = acceptance::unknown;
        auto got = co_await context->client->agency(agency.agency, agency.region, *proof.secret, result);
        if (result == acceptance::accepted && proof.secret->breaker.on_accepted()) on_breaker_closed(via, proof.secret);
        if (result != acceptance::refused) co_return got;
        if (through.type != source_type::pair && !std::exchange(retried, true)) {
            invalidate(via, proof.secret);  // it has expired early: retry once with a fresh one
            continue;
        }
        if (proof.secret->breaker.on_refused(requester::gateway) == consequence::open)
            on_breaker_open(via, proof.secret, got.error().full_text());
        co_return fetch_failure{.refused = true,
                                .reason = "IAM does not accept " + through.name + ": " + got.error().reason,
                                .details = got.error().details};
    }
}

// The secret of a credential that an agency depends on: as it is, or fetched now, within the time that a call waits.
task<fetched<credential_refresher::acquired_secret>> credential_refresher::acquire(
    const cache_key& key, std::shared_ptr<const fetch_context> context) {
    const time deadline = steady_clock::now() + context->max_wait;
    const std::string& name = context->definitions.at(key.serial)->name;
    for (;;) {
        entry* const item = find_or_make(key);
        if (item == nullptr) co_return fetch_failure{.reason = name + " is no longer configured"};
        const time now = steady_clock::now();
        if (item->is_usable(now)) {
            const auto admitted = item->secret->breaker.admit(requester::gateway);
            if (admitted == admission::allowed || admitted == admission::probe) {
                acquired_secret acquired{item->secret, {}};
                if (admitted == admission::probe) acquired.probe = credentials::probe_guard(item->secret);
                co_return acquired;
            }
            if (admitted == admission::blocked) co_return item->dependent_failure(name);
        } else if (!item->fetching) {
            item->schedule.on_demand(now);
            // Not worth waiting for when the next try is after our deadline.
            if (item->schedule.due() && *item->schedule.due() > deadline) co_return item->dependent_failure(name);
            schedule(*item);
            begin_due();
        }
        if (now >= deadline || stopping_) co_return item->dependent_failure(name);
        co_await changed_.wait(50ms);  // notified of new secrets, not of workers' probes that end
    }
}

// A token that only agencies use is for the account, where there is no harmless query.
bool credential_refresher::can_check(const cache_key& key, const definition& credential) {
    return !credential.region.empty() && (credential.type != source_type::token || !key.project.empty());
}

task<acceptance> credential_refresher::check(const cache_key& key, const secret& checked,
                                             std::shared_ptr<const fetch_context> context, std::string& reason) {
    const definition& credential = *context->definitions.at(key.serial);
    const std::string_view project = key.project.empty() ? std::string_view(credential.project) : key.project;
    const std::string_view region =
        key.project.empty() ? std::string_view(credential.region) : context->store->region_of(project);
    const acceptance result = co_await context->client->check(checked, region, project, reason);
    co_return result;
}

task<> credential_refresher::check_key(cache_key key) {
    const auto found = entries_.find(key);
    shared_secret checked;
    std::string reason;
    acceptance result = acceptance::unknown;
    if (found != entries_.end() && can_check(key, *found->second->definition)) {
        checked = found->second->secret;
        entry& item = *found->second;
        (item.probe_at ? item.last_probe : item.last_verification) = steady_clock::now();
        try {
            if (checked) result = co_await check(key, *checked, found->second->context, reason);
        } catch (const std::exception& e) {
            reason = e.what();
        }
    }
    entry* const item = finish(key);
    if (item == nullptr) co_return;
    if (!item->secret || item->secret != checked) {
        // It was replaced in the meantime, or there is no harmless query: then a new one is fetched.
        item->probe_at.reset();
        item->verify_at.reset();
        if (item->secret && !checked) {
            item->clear_secret();
            item->schedule.on_demand(steady_clock::now());
            publish(*item);
        }
    } else if (item->probe_at) {
        finish_probe(*item, result, std::move(reason));
    } else if (item->verify_at) {  // else a call that was in progress has been accepted
        finish_verification(*item, result, std::move(reason));
    }
    schedule(*item);
}

void credential_refresher::finish_probe(entry& item, acceptance result, std::string reason) {
    if (result == acceptance::accepted) {
        item.clear_failures();
        update_status(item);  // before a call is served with it
        item.secret->breaker.on_accepted();
        use_again(item);
        return;
    }
    if (result == acceptance::refused) ++item.failed_probes;
    schedule_probe(item, std::move(reason));
}

void credential_refresher::finish_verification(entry& item, acceptance result, std::string reason) {
    item.verify_at.reset();
    switch (result) {
        case acceptance::accepted:
            item.secret->breaker.on_accepted();
            spdlog::warn(
                "credential: the cloud refused calls of one caller and accepts the gateway's own query, so it stays in "
                "use: credential={}",
                item.definition->name);
            publish(item);  // for the caller who waits
            return;
        case acceptance::refused:
            if (item.secret->breaker.on_refused(requester::gateway) == consequence::open)
                schedule_probe(item, std::move(reason));
            return;
        case acceptance::unknown:
            spdlog::warn(
                "credential: the cloud refused calls of one caller, and it can't be tried just now: credential={} "
                "why={}",
                item.definition->name, json_string(reason));
            item.secret->breaker.on_unknown_result();
            if (item.secret->breaker.awaits_verification()) item.verify_at = steady_clock::now() + 5s;
            return;
    }
}

void credential_refresher::check_all(std::shared_ptr<const credentials::store> store, const config::settings& settings,
                                     const std::function<void(const credential_status&)>& report) {
    context_ = make_context(std::move(store), settings);
    for (const auto& one : context_->store->all()) {
        if (one.type == source_type::pair) find_or_make({one.serial, {}})->secret = one.first;
    }
    const auto checks = [this, &report]() -> task<> {
        for (const auto& one : context_->store->all()) {
            const auto checked = co_await check_one(one);
            report(checked);
        }
    };
    std::exception_ptr failure;
    loop_.spawn(checks(), [this, &failure](const std::exception_ptr& error) {
        failure = error;
        begin_shutdown();
    });
    loop_.run();
    if (failure) std::rethrow_exception(failure);
}

task<credential_status> credential_refresher::check_one(const definition& one) {
    credential_status status;
    status.name = one.name;
    shared_secret checked = one.first;
    const cache_key key{one.serial, one.default_scope()};
    if (one.type != source_type::pair) {
        auto got = co_await fetch(key, context_);
        if (!got) {
            status.reason = got.error().full_text();
            co_return status;
        }
        checked = *got;
        if (checked->expires != time::max()) status.expires = checked->expires;
    }
    if (!can_check(key, one)) {
        status.usable = true;
        if (one.region.empty()) status.reason = "no account uses it, so no call was tried with it";
        co_return status;
    }
    const acceptance result = co_await check(key, *checked, context_, status.reason);
    status.usable = result == acceptance::accepted;
    co_return status;
}

}  // namespace gateway::credential_refresh
