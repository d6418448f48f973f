#include "gateway/renewal/keeper.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "gateway/base/escape.hpp"

namespace gateway::renewal {

namespace {

using namespace std::chrono_literals;
using credentials::definition;
using credentials::standing;
using std::chrono::steady_clock;
using way = definition::way;

// What a credential is fetched for when no call says it: a token that signs calls is for one project.
std::string scope_of(const definition& one) {
    return one.by == way::token && one.signs_calls ? one.project : std::string();
}

constexpr std::size_t most_fetching = 16;  // at once: a thousand agencies do not ask IAM in one moment
constexpr auto files_looked_at = 250ms;
constexpr auto longest_stop = 6s;

}  // namespace

// A configuration as the keeper sees it. Alive as long as a fetch by it is under way.
struct keeper::plan {
    std::shared_ptr<const credentials::store> store;
    std::shared_ptr<cloud> asks;
    std::map<std::uint64_t, const definition*> by_serial;
    std::chrono::milliseconds longest_wait{};
};

// One slot and all that is known of it.
struct keeper::keeping {
    slot where;
    std::shared_ptr<const plan> by;
    const definition* is = nullptr;
    shared_secret now;
    credentials::upkeep when;
    std::optional<credentials::rotation> files;
    std::string why;  // what is wrong, empty when nothing is
    bool fetching = false;
    std::optional<time> try_at;  // rested: when it is tried next
    unsigned failed_tries = 0;
    std::uint64_t fetched = 0, failed = 0;
    std::optional<time> in_due;  // its place in due_
};

keeper::keeper(std::function<void(const publication&)> publish)
    : publish_(std::move(publish)),
      work_(loop_.get_executor()),
      times_(loop_.get_executor()),
      alarm_(loop_.get_executor()),
      changed_(loop_.get_executor()) {}

keeper::~keeper() = default;

void keeper::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "keeper");
        asio::co_spawn(loop_.get_executor(), watch_files(), asio::detached);
        loop_.run();
        ended_.store(true);
    });
}

bool keeper::stop() {
    asio::post(loop_, [this] {
        stopping_ = true;
        times_.expire_all();
        times_.stop();
        alarm_.cancel();
        changed_.ring();
        work_.reset();
    });
    const auto until = steady_clock::now() + longest_stop;
    while (!ended_.load() && steady_clock::now() < until)
        std::this_thread::sleep_for(1ms);
    const bool all_ended = ended_.load();
    if (!all_ended) loop_.stop();
    thread_.join();
    return all_ended;
}

void keeper::adopt(std::shared_ptr<const credentials::store> store, const config::settings& in) {
    asio::post(loop_, [this, next = make_plan(std::move(store), in)] { take_over(next); });
}

std::shared_ptr<const keeper::plan> keeper::make_plan(std::shared_ptr<const credentials::store> store,
                                                      const config::settings& in) {
    auto next = std::make_shared<plan>();
    next->asks = std::make_shared<cloud>(
        loop_.get_executor(), times_, in,
        [this](std::string_view region, std::chrono::seconds ahead) { note_skew(region, ahead); });
    for (const auto& one : store->all())
        next->by_serial.emplace(one.serial, &one);
    next->store = std::move(store);
    next->longest_wait = in.timeouts.credential;
    return next;
}

// What the new configuration knows goes on as it was, what it does not know is dropped.
void keeper::take_over(std::shared_ptr<const plan> next) {
    plan_ = std::move(next);
    for (auto at = kept_.begin(); at != kept_.end();) {
        const auto known = plan_->by_serial.find(at->first.serial);
        if (known == plan_->by_serial.end()) {
            if (at->second->in_due) due_.erase({*at->second->in_due, at->second.get()});
            const std::lock_guard held(shown_lock_);
            shown_.erase(at->first);
            at = kept_.erase(at);
            continue;
        }
        at->second->by = plan_;
        at->second->is = known->second;
        ++at;
    }
    const time now = steady_clock::now();
    for (const auto& one : plan_->store->all()) {
        const slot where{one.serial, {}};
        if (one.by == way::pair) {
            keeping& k = *find_or_make(where);
            if (!k.now || (one.first && k.now->prints != one.first->prints)) {
                k.now = one.first;
                k.try_at.reset();
            }
            k.files.emplace(one.pair, k.now, one.marks);
            tell(k);
        } else if (one.preload) {
            // A token is fetched for the first project that it is for; the others follow as they are wanted.
            find_or_make({one.serial, scope_of(one)})->when.wanted(now);
        }
    }
    // Somebody may have put right what was wrong.
    for (auto& [where, k] : kept_) {
        k->when.forget_failures(now);
        if (k->try_at) k->try_at = now;
        schedule(*k);
    }
    wake();
}

keeper::keeping* keeper::find_or_make(const slot& what) {
    if (const auto found = kept_.find(what); found != kept_.end()) return found->second.get();
    const auto known = plan_ ? plan_->by_serial.find(what.serial) : decltype(plan_->by_serial.find(0)){};
    if (!plan_ || known == plan_->by_serial.end()) return nullptr;
    auto made = std::make_unique<keeping>();
    made->where = what;
    made->by = plan_;
    made->is = known->second;
    return kept_.emplace(what, std::move(made)).first->second.get();
}

void keeper::want(const slot& what) {
    asio::post(loop_, [this, what] {
        keeping* const k = find_or_make(what);
        if (k == nullptr) return;
        const time now = steady_clock::now();
        if (k->now && k->now->expires > now)
            publish_({k->where, k->now, k->why, {}});
        else if (k->is->by != way::pair && !k->fetching)
            k->when.wanted(now);
        schedule(*k);
        wake();
    });
}

void keeper::drop(const slot& what, const shared_secret& which) {
    asio::post(loop_, [this, what, which] {
        const auto found = kept_.find(what);
        if (found == kept_.end() || found->second->now != which || found->second->is->by == way::pair) return;
        keeping& k = *found->second;
        spdlog::warn("credential: the cloud says that it expired or was revoked, a new one is fetched: credential={}",
                     k.is->name);
        k.now.reset();
        static_cast<void>(k.when.dropped(steady_clock::now(), dice()));
        tell(k);
        schedule(k);
        wake();
    });
}

void keeper::rest(const slot& what, const shared_secret& which, std::string why) {
    asio::post(loop_, [this, what, which, why = std::move(why)]() mutable {
        const auto found = kept_.find(what);
        if (found != kept_.end() && found->second->now == which) put_to_rest(*found->second, std::move(why));
    });
}

void keeper::put_to_rest(keeping& k, std::string why) {
    const auto pause = credentials::rest_after(k.failed_tries);
    k.try_at = steady_clock::now() + pause;
    k.why =
        "the cloud refused its signature three times in a row, so it is rested and tried again by itself (" + why + ")";
    spdlog::error("credential: rested, the cloud refuses it: credential={} next_try_in={}s why={}", k.is->name,
                  pause.count(), json_string(why));
    tell(k);
    schedule(k);
    wake();
}

void keeper::note_skew(std::string_view region, std::chrono::seconds ahead) {
    const std::lock_guard held(shown_lock_);
    skews_.insert_or_assign(std::string(region), ahead);
}

std::vector<condition> keeper::conditions() const {
    const std::lock_guard held(shown_lock_);
    std::vector<condition> all;
    all.reserve(shown_.size());
    for (const auto& [where, one] : shown_)
        all.push_back(one);
    return all;
}

std::map<std::string, std::chrono::seconds> keeper::skews() const {
    const std::lock_guard held(shown_lock_);
    return skews_;
}

double keeper::dice() { return std::uniform_real_distribution<double>(0, 1)(random_); }

// Workers learn what there is; people, how it is doing.
void keeper::tell(const keeping& k) {
    time retry{};
    if (k.try_at)
        retry = *k.try_at;
    else if (!k.now && k.when.due())
        retry = *k.when.due();
    publish_({k.where, k.now, k.why, retry});
    changed_.ring();
    const bool usable = k.now && !k.now->taken.is_rested() && k.now->expires > steady_clock::now();
    const std::lock_guard held(shown_lock_);
    condition& shown = shown_[k.where];
    shown = {k.is->name, k.where.project, usable, k.when.was_refused() || k.try_at, k.why, {}, k.fetched, k.failed};
    if (k.now && k.now->expires != time::max()) shown.expires = k.now->expires;
}

void keeper::schedule(keeping& k) {
    std::optional<time> next = k.when.due();
    if (k.try_at && (!next || *k.try_at < *next)) next = k.try_at;
    if (k.fetching) next.reset();  // its end schedules anew
    if (next == k.in_due) return;
    if (k.in_due) due_.erase({*k.in_due, &k});
    if (next) due_.insert({*next, &k});
    k.in_due = next;
}

// Begins all that is due, and sleeps until the next.
void keeper::wake() {
    const time now = steady_clock::now();
    if (stopping_) return;
    while (!due_.empty() && due_.begin()->first <= now && fetching_ < most_fetching)
        begin(*due_.begin()->second, now);
    if (due_.empty() || fetching_ >= most_fetching) return;
    alarm_.expires_at(due_.begin()->first);
    alarm_.async_wait([this](const boost::system::error_code& ec) {
        if (!ec) wake();
    });
}

void keeper::begin(keeping& k, time now) {
    const bool try_now = k.try_at && *k.try_at <= now;
    // What nobody used since it came is not renewed; it goes when it has expired.
    const bool in_use = !k.now || k.is->preload || k.now->used.load(std::memory_order_relaxed);
    if (!try_now && !in_use) {
        if (k.now->expires > now) {
            k.when.idle_until(k.now->expires);
        } else {
            k.now.reset();
            k.when.idle();
            tell(k);
        }
        schedule(k);
        return;
    }
    k.fetching = true;
    ++fetching_;
    schedule(k);
    asio::co_spawn(loop_.get_executor(), try_now ? try_rested(k.where) : renew(k.where), asio::detached);
}

task<> keeper::renew(slot what) {
    const auto before = kept_.find(what);  // a reload may have dropped it, now as well as during the fetch
    if (before == kept_.end()) {
        --fetching_;
        co_return;
    }
    auto got = co_await fetch(what, before->second->by);
    --fetching_;
    const auto found = kept_.find(what);
    if (found != kept_.end()) {
        keeping& k = *found->second;
        k.fetching = false;
        if (got)
            came(k, std::move(*got));
        else
            failed(k, got.error());
        schedule(k);
    }
    wake();
}

void keeper::came(keeping& k, shared_secret what) {
    const time now = steady_clock::now();
    if (!k.why.empty()) spdlog::info("credential: it is there again: credential={}", k.is->name);
    k.now = std::move(what);
    k.why.clear();
    k.try_at.reset();
    k.failed_tries = 0;
    ++k.fetched;
    k.when.came(now, k.now->expires, k.is->by == way::token, dice());
    spdlog::debug("credential: fetched: credential={} project={} expires_in={}s", k.is->name, k.where.project,
                  std::chrono::duration_cast<std::chrono::seconds>(k.now->expires - now).count());
    tell(k);
}

void keeper::failed(keeping& k, const credentials::fetch_failure& why) {
    const time now = steady_clock::now();
    ++k.failed;
    k.when.failed(now, why.refused, why.retry_after, dice());
    const bool news = k.why != why.why;  // told once, not at each try
    k.why = why.why;
    if (k.now && k.now->expires <= now) k.now.reset();
    if (news) {
        spdlog::error("credential: can't be {}: credential={} why={} next_try_in={}s", k.now ? "renewed" : "had",
                      k.is->name, json_string(k.why),
                      std::chrono::ceil<std::chrono::seconds>(k.when.due().value_or(now) - now).count());
    }
    tell(k);
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
    co_return credentials::fetch_failure{.why = "a pair comes from the configuration, not from the network"};
}

task<fetched<shared_secret>> keeper::fetch_agency(const definition& what, std::shared_ptr<const plan> by) {
    const definition& through = by->store->all()[what.through];
    const slot via{through.serial, {}};
    for (unsigned tries = 0;; ++tries) {
        auto with = co_await obtain(via, by);
        if (!with) co_return with.error();
        const shared_secret proof = with->is;
        proof->used.store(true, std::memory_order_relaxed);
        verdict taken = verdict::unknown;
        auto got = co_await by->asks->agency(what.agency, what.region, *proof, taken);
        if (with->on_trial) proof->taken.end_trial();
        if (taken == verdict::accepted) proof->taken.accepted();
        if (taken != verdict::refused) co_return got;
        if (through.by != way::pair && tries == 0) {
            drop(via, proof);  // what it goes through has expired before its time: once more with a fresh one
            proof->taken.accepted();
            continue;
        }
        if (proof->taken.refused()) rest(via, proof, got.error().why);
        co_return credentials::fetch_failure{.refused = true,
                                             .why = "IAM does not accept " + through.name + ": " + got.error().why};
    }
}

// What another credential goes through: as it is, or fetched now, within the time that a call waits.
task<fetched<keeper::borrowed>> keeper::obtain(const slot& what, std::shared_ptr<const plan> by) {
    const time until = steady_clock::now() + by->longest_wait;
    const std::string& name = by->by_serial.at(what.serial)->name;
    for (;;) {
        keeping* const k = find_or_make(what);
        if (k == nullptr) co_return credentials::fetch_failure{.why = name + " is no longer configured"};
        const time now = steady_clock::now();
        if (k->now && k->now->expires > now) {
            const auto admitted = k->now->taken.admit();
            if (admitted == standing::admission::free || admitted == standing::admission::trial)
                co_return borrowed{k->now, admitted == standing::admission::trial};
            if (admitted == standing::admission::rested)
                co_return credentials::fetch_failure{.refused = true, .why = name + ": " + k->why};
        } else if (!k->fetching) {
            k->when.wanted(now);
            if (k->when.due() && *k->when.due() > now)
                co_return credentials::fetch_failure{.refused = k->when.was_refused(), .why = name + ": " + k->why};
            begin(*k, now);
        }
        if (now >= until || stopping_) co_return credentials::fetch_failure{.why = name + " did not come in time"};
        co_await changed_.wait(50ms);  // rings when a secret comes; trials of workers end without a word to us
    }
}

task<> keeper::try_rested(slot what) {
    const auto before = kept_.find(what);
    if (before == kept_.end()) {
        --fetching_;
        co_return;
    }
    const shared_secret tried = before->second->now;
    const auto by = before->second->by;
    const definition& is = *by->by_serial.at(what.serial);
    std::string why;
    verdict taken = verdict::unknown;
    if (tried) taken = co_await by->asks->try_out(*tried, is.region, is.project, why);
    --fetching_;
    const auto found = kept_.find(what);
    if (found != kept_.end()) {
        keeping& k = *found->second;
        k.fetching = false;
        if (k.now != tried || !tried) {
            // Another one has come in the meantime.
        } else if (taken == verdict::accepted) {
            tried->taken.accepted();
            k.try_at.reset();
            k.failed_tries = 0;
            k.why.clear();
            spdlog::info("credential: the cloud accepts it again, it is in use again: credential={}", k.is->name);
            tell(k);
        } else {
            if (taken == verdict::refused) ++k.failed_tries;
            put_to_rest(k, std::move(why));
        }
        schedule(k);
    }
    wake();
}

task<> keeper::watch_files() {
    timer pause(loop_.get_executor());
    while (!stopping_) {
        pause.expires_after(files_looked_at);
        static_cast<void>(co_await pause.async_wait(use_result));
        const time now = steady_clock::now();
        for (auto& [where, k] : kept_) {
            if (!k->files) continue;
            std::string trouble;
            if (auto fresh = k->files->look(now, trouble)) {
                k->now = std::move(fresh);
                k->why.clear();
                k->try_at.reset();
                k->failed_tries = 0;
                ++k->fetched;
                spdlog::info("credential: its files have changed, the new pair is in use: credential={}", k->is->name);
                tell(*k);
                schedule(*k);
            } else if (!trouble.empty() && trouble != k->why && !k->try_at) {
                spdlog::error(
                    "credential: its files have changed and can't be read, the old pair stays: "
                    "credential={} why={}",
                    k->is->name, trouble);
                k->why = trouble;
                ++k->failed;
                tell(*k);
            }
        }
    }
}

void keeper::try_all(std::shared_ptr<const credentials::store> store, const config::settings& in,
                     const std::function<void(const condition&)>& tell) {
    plan_ = make_plan(std::move(store), in);
    for (const auto& one : plan_->store->all()) {
        if (one.by == way::pair) find_or_make({one.serial, {}})->now = one.first;
    }
    const auto each = [this, &tell]() -> task<> {
        for (const auto& one : plan_->store->all()) {
            const auto tried = co_await try_one(one);
            tell(tried);
        }
    };
    asio::co_spawn(loop_.get_executor(), each(), [this](const std::exception_ptr&) {
        times_.expire_all();  // kept connections go; then nothing is left to wait for
        times_.stop();
        alarm_.cancel();
        work_.reset();
    });
    loop_.run();
}

task<condition> keeper::try_one(const definition& one) {
    condition shown;
    shown.name = one.name;
    shared_secret what;
    if (one.by == way::pair) {
        what = one.first;
    } else {
        const slot where{one.serial, scope_of(one)};
        auto got = co_await fetch(where, plan_);
        if (!got) {
            shown.why = got.error().why;
            co_return shown;
        }
        what = *got;
        if (what->expires != time::max()) shown.expires = what->expires;
    }
    // A token of somebody who only stands behind agencies is for the account, not for a project: it came, so it is
    // good.
    const bool can_try = !one.region.empty() && (one.by != way::token || one.signs_calls);
    if (!can_try) {
        shown.usable = true;
        if (one.region.empty()) shown.why = "no account uses it, so no call was tried with it";
        co_return shown;
    }
    const verdict taken = co_await plan_->asks->try_out(*what, one.region, one.project, shown.why);
    shown.usable = taken == verdict::accepted;
    co_return shown;
}

}  // namespace gateway::renewal
