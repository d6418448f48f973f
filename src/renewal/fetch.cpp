// How the keeper comes by what it keeps: each kind by its way, agencies through what may assume them.

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "gateway/base/escape.hpp"
#include "keeping.hpp"

namespace gateway::renewal {

namespace {

using namespace std::chrono_literals;
using credentials::admission;
using credentials::consequence;
using credentials::definition;
using credentials::fetch_failure;
using credentials::requester;
using std::chrono::steady_clock;
using way = definition::way;

fetch_failure unforeseen(const std::exception& e) {
    return {.why = "it can't be fetched just now", .details = e.what()};
}

}  // namespace

task<> keeper::renew(slot what) {
    const auto before = kept_.find(what);
    fetched<shared_secret> got = fetch_failure{.why = "it is no longer configured"};
    if (before != kept_.end()) {
        try {
            auto fresh = co_await fetch(what, before->second->by);
            got = std::move(fresh);
        } catch (const std::exception& e) {
            got = unforeseen(e);
        }
    }
    keeping* const k = done(what);
    if (k == nullptr) co_return;
    if (got)
        came(*k, std::move(*got));
    else
        failed(*k, got.error());
    schedule(*k);
}

task<fetched<shared_secret>> keeper::fetch(slot what, std::shared_ptr<const plan> by) {
    const definition& is = *by->by_serial.at(what.serial);
    switch (is.by) {
        case way::token: {
            // A token for a project comes from its region's IAM; the wallet's slot is named after the project.
            const auto region = by->store->region_of(what.project.empty() ? is.project : what.project);
            auto got = co_await by->asks->token(is.token, region, what.project);
            co_return got;
        }
        case way::agency: {
            auto got = co_await fetch_agency(is, by);
            co_return got;
        }
        case way::metadata: {
            auto got = co_await by->asks->metadata();
            co_return got;
        }
        case way::pair:
            break;
    }
    co_return fetch_failure{.why = "a pair comes from the configuration, not from the network"};
}

task<fetched<shared_secret>> keeper::fetch_agency(const definition& what, std::shared_ptr<const plan> by) {
    const definition& through = by->store->all()[what.through];
    const slot via{through.serial, {}};
    for (bool again = false;;) {
        auto with = co_await obtain(via, by);
        if (!with) co_return with.error();
        const borrowed proof = std::move(*with);
        proof.is->used.store(true, std::memory_order_relaxed);
        verdict taken = verdict::unknown;
        auto got = co_await by->asks->agency(what.agency, what.region, *proof.is, taken);
        if (taken == verdict::accepted && proof.is->taken.accepted()) resume(via, proof.is);
        if (taken != verdict::refused) co_return got;
        if (through.by != way::pair && !std::exchange(again, true)) {
            drop_now(via, proof.is);  // it has expired before its time: once more with a fresh one
            continue;
        }
        if (proof.is->taken.refused(requester::gateway) == consequence::rest) rest(via, proof.is, got.error().whole());
        co_return fetch_failure{.refused = true,
                                .why = "IAM does not accept " + through.name + ": " + got.error().why,
                                .details = got.error().details};
    }
}

// What another credential goes through: as it is, or fetched now, within the time that a call waits.
task<fetched<keeper::borrowed>> keeper::obtain(const slot& what, std::shared_ptr<const plan> by) {
    const time until = steady_clock::now() + by->longest_wait;
    const std::string& name = by->by_serial.at(what.serial)->name;
    for (;;) {
        keeping* const k = find_or_make(what);
        if (k == nullptr) co_return fetch_failure{.why = name + " is no longer configured"};
        const time now = steady_clock::now();
        if (k->usable(now)) {
            const auto admitted = k->now->taken.admit(requester::gateway);
            if (admitted == admission::free || admitted == admission::trial) {
                borrowed lent{k->now, {}};
                if (admitted == admission::trial) lent.tries = credentials::trial(k->now);
                co_return lent;
            }
            if (admitted == admission::rested) co_return k->blocks(name);
        } else if (!k->fetching) {
            k->when.wanted(now);
            // Not worth waiting for, when it failed a moment ago and is tried again only after we have gone.
            if (k->when.due() && *k->when.due() > until) co_return k->blocks(name);
            schedule(*k);
            wake();
        }
        if (now >= until || stopping_) co_return k->blocks(name);
        co_await changed_.wait(50ms);  // rings when a secret comes; trials of workers end without a word to us
    }
}

// A token of somebody who only stands behind agencies is for the account, where there is nothing to try it on.
bool keeper::can_try(const slot& what, const definition& is) {
    return !is.region.empty() && (is.by != way::token || !what.project.empty());
}

task<verdict> keeper::try_out(const slot& what, const secret& by_what, std::shared_ptr<const plan> by,
                              std::string& why) {
    const definition& is = *by->by_serial.at(what.serial);
    const std::string_view project = what.project.empty() ? std::string_view(is.project) : what.project;
    const std::string_view region = what.project.empty() ? std::string_view(is.region) : by->store->region_of(project);
    const verdict taken = co_await by->asks->try_out(by_what, region, project, why);
    co_return taken;
}

task<> keeper::try_key(slot what) {
    const auto before = kept_.find(what);
    shared_secret tried;
    std::string why;
    verdict taken = verdict::unknown;
    if (before != kept_.end() && can_try(what, *before->second->is)) {
        tried = before->second->now;
        keeping& k = *before->second;
        (k.try_at ? k.last_try : k.last_doubt) = steady_clock::now();
        try {
            if (tried) taken = co_await try_out(what, *tried, before->second->by, why);
        } catch (const std::exception& e) {
            why = e.what();
        }
    }
    keeping* const k = done(what);
    if (k == nullptr) co_return;
    if (!k->now || k->now != tried) {
        // Another one has come in the meantime, or there is nothing to try it on: then a new one is what helps.
        k->try_at.reset();
        k->doubted_at.reset();
        if (k->now && !tried) {
            k->lose();
            k->when.wanted(steady_clock::now());
            tell(*k);
        }
    } else if (k->try_at) {
        end_try_of_rested(*k, taken, std::move(why));
    } else if (k->doubted_at) {  // else a call that was under way has settled it
        end_try_of_doubted(*k, taken, std::move(why));
    }
    schedule(*k);
}

void keeper::end_try_of_rested(keeping& k, verdict taken, std::string why) {
    if (taken == verdict::accepted) {
        k.no_trouble();
        show(k);  // before anybody is served with it
        k.now->taken.accepted();
        use_again(k);
        return;
    }
    if (taken == verdict::refused) ++k.failed_tries;
    put_to_rest(k, std::move(why));
}

void keeper::end_try_of_doubted(keeping& k, verdict taken, std::string why) {
    k.doubted_at.reset();
    switch (taken) {
        case verdict::accepted:
            k.now->taken.accepted();
            spdlog::warn(
                "credential: the cloud refused calls of one caller and accepts the gateway's own query, so it stays in "
                "use: credential={}",
                k.is->name);
            tell(k);  // for that caller, who waits
            return;
        case verdict::refused:
            if (k.now->taken.refused(requester::gateway) == consequence::rest) put_to_rest(k, std::move(why));
            return;
        case verdict::unknown:
            spdlog::warn(
                "credential: the cloud refused calls of one caller, and it can't be tried just now: credential={} "
                "why={}",
                k.is->name, json_string(why));
            k.now->taken.note_unknown_verdict();
            if (k.now->taken.is_doubted()) k.doubted_at = steady_clock::now() + 5s;
            return;
    }
}

void keeper::try_all(std::shared_ptr<const credentials::store> store, const config::settings& in,
                     const std::function<void(const condition&)>& show) {
    plan_ = make_plan(std::move(store), in);
    for (const auto& one : plan_->store->all()) {
        if (one.by == way::pair) find_or_make({one.serial, {}})->now = one.first;
    }
    const auto each = [this, &show]() -> task<> {
        for (const auto& one : plan_->store->all()) {
            const auto tried = co_await try_one(one);
            show(tried);
        }
    };
    std::exception_ptr broken;
    loop_.spawn(each(), [this, &broken](const std::exception_ptr& how) {
        broken = how;
        wind_up();
    });
    loop_.run();
    if (broken) std::rethrow_exception(broken);
}

task<condition> keeper::try_one(const definition& one) {
    condition shown;
    shown.name = one.name;
    shared_secret what = one.first;
    const slot where{one.serial, one.usual_scope()};
    if (one.by != way::pair) {
        auto got = co_await fetch(where, plan_);
        if (!got) {
            shown.why = got.error().whole();
            co_return shown;
        }
        what = *got;
        if (what->expires != time::max()) shown.expires = what->expires;
    }
    if (!can_try(where, one)) {
        shown.usable = true;
        if (one.region.empty()) shown.why = "no account uses it, so no call was tried with it";
        co_return shown;
    }
    const verdict taken = co_await try_out(where, *what, plan_, shown.why);
    shown.usable = taken == verdict::accepted;
    co_return shown;
}

}  // namespace gateway::renewal
