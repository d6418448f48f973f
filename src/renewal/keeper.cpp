#include "gateway/renewal/keeper.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "gateway/base/escape.hpp"
#include "gateway/net/log_exception.hpp"
#include "keeping.hpp"

namespace gateway::renewal {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using way = credentials::definition::way;

constexpr std::size_t most_fetching = 16;  // at once: a thousand agencies do not ask IAM in one moment
constexpr auto files_looked_at = 250ms;
constexpr auto longest_stop = 6s;

}  // namespace

keeper::keeper(std::function<void(const publication&)> publish)
    : publish_(std::move(publish)),
      alarm_(
          loop_.times(),
          [](void* self) {
              auto& me = *static_cast<keeper*>(self);
              me.loop_.post([&me] { me.wake(); });
          },
          this),
      changed_(loop_) {}

keeper::~keeper() = default;

void keeper::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "keeper");
        spawn(watch_files());
        loop_.run();
        ended_.store(true);
    });
}

// None of them throws; should one after all, its slot waits for a reload, and people are told.
void keeper::spawn(task<> what) {
    loop_.spawn(std::move(what),
                [](const std::exception_ptr& unforeseen) { net::log_exception("credential", unforeseen); });
}

// Nothing new begins, and what is under way is late.
void keeper::wind_up() {
    stopping_ = true;
    loop_.times().expire_all();
    loop_.finish();
}

bool keeper::stop() {
    loop_.post([this] { wind_up(); });
    const auto until = steady_clock::now() + longest_stop;
    while (!ended_.load() && steady_clock::now() < until)
        std::this_thread::sleep_for(1ms);
    const bool all_ended = ended_.load();
    if (!all_ended) loop_.stop();
    thread_.join();
    return all_ended;
}

void keeper::adopt(std::shared_ptr<const credentials::store> store, const config::settings& in) {
    loop_.post([this, next = make_plan(std::move(store), in)] { take_over(next); });
}

std::shared_ptr<const keeper::plan> keeper::make_plan(std::shared_ptr<const credentials::store> store,
                                                      const config::settings& in) {
    auto next = std::make_shared<plan>();
    next->asks = std::make_shared<cloud>(
        loop_, in, [this](std::string_view region, std::chrono::seconds ahead) { note_skew(region, ahead); });
    for (const auto& one : store->all())
        next->by_serial.emplace(one.serial, &one);
    next->store = std::move(store);
    next->longest_wait = in.timeouts.credential;
    return next;
}

// What the new configuration knows goes on as it was; what it does not know is dropped, a token's projects included.
void keeper::take_over(std::shared_ptr<const plan> next) {
    plan_ = std::move(next);
    for (auto at = kept_.begin(); at != kept_.end();) {
        keeping& k = *at->second;
        const auto known = plan_->by_serial.find(k.where.serial);
        const bool gone = known == plan_->by_serial.end() ||
                          (!k.where.project.empty() && plan_->store->region_of(k.where.project).empty());
        if (gone) {
            if (k.in_due) due_.erase({*k.in_due, &k});
            const std::lock_guard held(shown_lock_);
            shown_.erase(k.where);
            at = kept_.erase(at);
            continue;
        }
        k.by = plan_;
        k.is = known->second;
        ++at;
    }
    const time now = steady_clock::now();
    for (const auto& one : plan_->store->all()) {
        if (one.by == way::pair) {
            keeping& k = *find_or_make({one.serial, {}});
            if (!k.now || (one.first && k.now->prints != one.first->prints)) k.take(one.first);
            k.files.emplace(one.pair, k.now, one.marks);
            tell(k);
        } else if (one.preload) {
            // A token is fetched for the first project that it is for; the others follow as they are wanted.
            find_or_make({one.serial, one.usual_scope()})->when.wanted(now);
        }
    }
    // Somebody may have put right what was wrong. A rested key is tried no oftener than its first pause, so that a few
    // reloads in a row do not lock it.
    for (auto& [where, k] : kept_) {
        k->when.forget_failures(now);
        if (k->try_at) k->try_at = k->last_try ? std::max(now, *k->last_try + credentials::rest_after(0)) : now;
        schedule(*k);
    }
    wake();
}

keeper::keeping* keeper::find_or_make(const slot& what) {
    if (const auto found = kept_.find(what); found != kept_.end()) return found->second.get();
    if (!plan_) return nullptr;
    const auto known = plan_->by_serial.find(what.serial);
    if (known == plan_->by_serial.end()) return nullptr;
    auto made = std::make_unique<keeping>();
    made->where = what;
    made->by = plan_;
    made->is = known->second;
    return kept_.emplace(what, std::move(made)).first->second.get();
}

void keeper::want(const slot& what) {
    loop_.post([this, what] {
        keeping* const k = find_or_make(what);
        if (k == nullptr) return;
        const time now = steady_clock::now();
        if (k->usable(now)) {
            publish_({k->where, k->now, k->why(), {}});
        } else if (k->is->by != way::pair) {
            k->when.wanted(now);
            if (k->now) {  // it has ended in the meantime
                k->lose();
                tell(*k);
            }
        }
        schedule(*k);
        wake();
    });
}

void keeper::drop(const slot& what, const shared_secret& which) {
    loop_.post([this, what, which] {
        drop_now(what, which);
        wake();
    });
}

void keeper::drop_now(const slot& what, const shared_secret& which) {
    const auto found = kept_.find(what);
    if (found == kept_.end() || found->second->now != which || found->second->is->by == way::pair) return;
    keeping& k = *found->second;
    spdlog::warn("credential: the cloud says that it expired or was revoked, a new one is fetched: credential={}",
                 k.is->name);
    k.lose();
    k.when.dropped(steady_clock::now(), dice());
    tell(k);
    schedule(k);
}

void keeper::rest(const slot& what, const shared_secret& which, std::string details) {
    loop_.post([this, what, which, details = std::move(details)]() mutable {
        const auto found = kept_.find(what);
        // A call that was under way may have been accepted since.
        if (found == kept_.end() || found->second->now != which || !which->taken.is_rested()) return;
        put_to_rest(*found->second, std::move(details));
        wake();
    });
}

void keeper::resume(const slot& what, const shared_secret& which) {
    loop_.post([this, what, which] {
        const auto found = kept_.find(what);
        if (found == kept_.end() || found->second->now != which || which->taken.is_rested()) return;
        keeping& k = *found->second;
        if (!k.try_at) return;
        use_again(k);
        schedule(k);
        wake();
    });
}

void keeper::doubt(const slot& what, const shared_secret& which) {
    loop_.post([this, what, which] {
        const auto found = kept_.find(what);
        if (found == kept_.end() || found->second->now != which) return;
        keeping& k = *found->second;
        const time now = steady_clock::now();
        // A caller whose calls are refused again and again has the gateway ask no oftener than this.
        constexpr auto apart = 1s;
        k.doubted_at = k.last_doubt ? std::max(now, *k.last_doubt + apart) : now;
        schedule(k);
        wake();
    });
}

void keeper::put_to_rest(keeping& k, std::string details) {
    const auto pause = credentials::rest_after(k.failed_tries);
    k.try_at = steady_clock::now() + pause;
    k.doubted_at.reset();
    k.refusal = std::move(details);
    spdlog::error("credential: rested, the cloud refuses it: credential={} next_try_in={}s why={}", k.is->name,
                  pause.count(), json_string(k.refusal));
    tell(k);
    schedule(k);
}

void keeper::use_again(keeping& k) {
    k.no_trouble();
    spdlog::info("credential: the cloud accepts it again, it is in use again: credential={}", k.is->name);
    tell(k);
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

// Workers learn what there is, in words that callers may see; people, how it is doing. People first: whoever is served
// with a new secret must not read of the old one's trouble.
void keeper::tell(const keeping& k) {
    show(k);
    time retry{};
    if (k.try_at)
        retry = *k.try_at;
    else if (!k.now && k.when.due())
        retry = *k.when.due();
    publish_({k.where, k.now, k.why(), retry});
    changed_.notify_all();
}

void keeper::show(const keeping& k) {
    const std::lock_guard held(shown_lock_);
    condition& shown = shown_[k.where];
    shown.name = k.is->name;
    shown.project = k.where.project;
    shown.usable = k.usable(steady_clock::now()) && !k.try_at;
    shown.refused = k.when.was_refused() || k.try_at;
    shown.why = k.whole_story();
    shown.expires.reset();
    if (k.now && k.now->expires != time::max()) shown.expires = k.now->expires;
    shown.fetched = k.fetched;
    shown.failed = k.failed;
}

void keeper::schedule(keeping& k) {
    const auto next = k.next();
    if (next == k.in_due) return;
    if (k.in_due) due_.erase({*k.in_due, &k});
    if (next) due_.insert({*next, &k});
    k.in_due = next;
}

// Begins all that is due, and sleeps until the next.
void keeper::wake() {
    const time now = steady_clock::now();
    while (!stopping_ && !due_.empty() && due_.begin()->first <= now && fetching_ < most_fetching)
        begin(*due_.begin()->second, now);
    if (stopping_ || due_.empty() || fetching_ >= most_fetching) return;
    alarm_.set(std::max(1ms, std::chrono::ceil<std::chrono::milliseconds>(due_.begin()->first - now)));
}

void keeper::begin(keeping& k, time now) {
    const bool tried = k.to_be_tried(now);
    // What nobody used since it came is not renewed; it goes when it has expired.
    const bool in_use = !k.now || k.is->preload || k.now->used.load(std::memory_order_relaxed);
    if (!tried && !in_use) {
        if (k.usable(now)) {
            k.when.idle(now, k.now->expires);
        } else {
            k.lose();
            k.when.unwanted();
            tell(k);
        }
        schedule(k);
        return;
    }
    k.fetching = true;
    ++fetching_;
    schedule(k);
    // Begun by the loop and not here: what fails at once would otherwise begin the next one from within itself.
    loop_.post([this, what = k.where, tried] { spawn(tried ? try_key(what) : renew(what)); });
}

// The end of what begin() began; nullptr when a reload has dropped the slot in the meantime.
keeper::keeping* keeper::done(const slot& what) {
    --fetching_;
    loop_.post([this] { wake(); });
    const auto found = kept_.find(what);
    if (found == kept_.end()) return nullptr;
    found->second->fetching = false;
    return found->second.get();
}

void keeper::came(keeping& k, shared_secret what) {
    const time now = steady_clock::now();
    if (!k.why().empty()) spdlog::info("credential: it is there again: credential={}", k.is->name);
    k.take(std::move(what));
    ++k.fetched;
    k.when.came(now, k.now->expires, k.is->by == way::token, dice());
    spdlog::debug("credential: fetched: credential={} project={} expires_in={}s", k.is->name, k.where.project,
                  std::chrono::duration_cast<std::chrono::seconds>(k.now->expires - now).count());
    tell(k);
}

void keeper::failed(keeping& k, const credentials::fetch_failure& why) {
    const time now = steady_clock::now();
    ++k.failed;
    k.when.failed(now, why.refused, why.retry_after, dice(), why.longest_pause);
    const bool news = k.not_fetched.why != why.why;  // told once, not at each try
    k.not_fetched = why;
    if (!k.usable(now)) k.lose();
    if (news) {
        spdlog::error("credential: can't be {}: credential={} why={} next_try_in={}s", k.now ? "renewed" : "had",
                      k.is->name, json_string(why.whole()),
                      std::chrono::ceil<std::chrono::seconds>(k.when.due().value_or(now) - now).count());
    }
    tell(k);
}

task<> keeper::watch_files() {
    while (!stopping_) {
        co_await net::pause(loop_, files_looked_at);
        const time now = steady_clock::now();
        for (auto& [where, k] : kept_) {
            if (k->files) look_at_files(*k, now);
        }
    }
}

void keeper::look_at_files(keeping& k, time now) {
    std::string trouble;
    shared_secret fresh;
    try {
        fresh = k.files->look(now, trouble);
    } catch (const std::exception& e) {
        trouble = std::string("reading them failed: ") + e.what();
    }
    const bool news = trouble != std::exchange(k.file_trouble, trouble);
    const bool changed = fresh != nullptr;
    if (changed) {
        k.take(std::move(fresh));
        ++k.fetched;
        spdlog::info("credential: its files have changed, the new pair is in use: credential={}", k.is->name);
    } else if (news && !trouble.empty()) {
        ++k.failed;
        spdlog::error("credential: its files have changed and can't be read, the old pair stays: credential={} why={}",
                      k.is->name, json_string(trouble));
    }
    if (!changed && !news) return;
    tell(k);
    schedule(k);
}

}  // namespace gateway::renewal
