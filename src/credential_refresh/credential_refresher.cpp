#include "gateway/credential_refresh/credential_refresher.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "entry.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/net/log_exception.hpp"

namespace gateway::credential_refresh {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using source_type = credentials::definition::source_type;

constexpr std::size_t max_fetching = 16;  // at once: a thousand agencies do not send to IAM at the same time
constexpr auto file_poll_interval = 250ms;
constexpr auto max_stop_time = 6s;

}  // namespace

credential_refresher::credential_refresher(std::function<void(const publication&)> publish)
    : publish_(std::move(publish)),
      timer_(
          loop_.times(),
          [](void* self) {
              auto& refresher = *static_cast<credential_refresher*>(self);
              refresher.loop_.post([&refresher] { refresher.begin_due(); });
          },
          this),
      changed_(loop_) {}

credential_refresher::~credential_refresher() = default;

void credential_refresher::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "refresher");
        spawn(watch_files());
        loop_.run();
        ended_.store(true);
    });
}

// None of them throws; if one does, its entry waits for a reload, and the log has the error.
void credential_refresher::spawn(task<> coroutine) {
    loop_.spawn(std::move(coroutine), [](const std::exception_ptr& error) { net::log_exception("credential", error); });
}

// Nothing new begins, and what is in progress times out.
void credential_refresher::begin_shutdown() {
    stopping_ = true;
    loop_.times().expire_now();
    loop_.finish();
}

bool credential_refresher::stop() {
    loop_.post([this] { begin_shutdown(); });
    const auto deadline = steady_clock::now() + max_stop_time;
    while (!ended_.load() && steady_clock::now() < deadline)
        std::this_thread::sleep_for(1ms);
    const bool all_ended = ended_.load();
    if (!all_ended) loop_.stop();
    thread_.join();
    return all_ended;
}

void credential_refresher::adopt(std::shared_ptr<const credentials::store> store, const config::settings& settings) {
    loop_.post([this, next = make_context(std::move(store), settings)] { apply(next); });
}

std::shared_ptr<const fetch_context> credential_refresher::make_context(std::shared_ptr<const credentials::store> store,
                                                                        const config::settings& settings) {
    auto next = std::make_shared<fetch_context>();
    next->client = std::make_shared<iam_client>(
        loop_, settings, [this](std::string_view region, std::chrono::seconds ahead) { note_skew(region, ahead); });
    for (const auto& one : store->all())
        next->definitions.emplace(one.serial, &one);
    next->store = std::move(store);
    next->max_wait = settings.timeouts.credential;
    return next;
}

// Keeps the entries that the new configuration knows and removes the others, also those of a token's projects.
void credential_refresher::apply(std::shared_ptr<const fetch_context> next) {
    context_ = std::move(next);
    for (auto position = entries_.begin(); position != entries_.end();) {
        entry& item = *position->second;
        const auto known = context_->definitions.find(item.key.serial);
        const bool is_removed = known == context_->definitions.end() ||
                                (!item.key.project.empty() && context_->store->region_of(item.key.project).empty());
        if (is_removed) {
            if (item.due_at) due_.erase({*item.due_at, &item});
            const std::lock_guard held(statuses_mutex_);
            statuses_.erase(item.key);
            position = entries_.erase(position);
            continue;
        }
        item.context = context_;
        item.definition = known->second;
        ++position;
    }
    const time now = steady_clock::now();
    for (const auto& one : context_->store->all()) {
        if (one.type == source_type::pair) {
            entry& item = *find_or_make({one.serial, {}});
            if (!item.secret || (one.first && item.secret->fingerprints != one.first->fingerprints))
                item.set_secret(one.first);
            item.files.emplace(one.pair, item.secret, one.marks);
            publish(item);
        } else if (one.preload) {
            // A token is fetched for its first project; for the others when they are requested.
            find_or_make({one.serial, one.default_scope()})->schedule.on_demand(now);
        }
    }
    // The reload may have corrected what was wrong. A key whose breaker is open is not probed before its first pause
    // has passed, so that a few reloads in a row do not lock it.
    for (auto& [key, item] : entries_) {
        item->schedule.forget_failures(now);
        if (item->probe_at)
            item->probe_at = item->last_probe ? std::max(now, *item->last_probe + credentials::probe_delay(0)) : now;
        schedule(*item);
    }
    begin_due();
}

entry* credential_refresher::find_or_make(const cache_key& key) {
    if (const auto found = entries_.find(key); found != entries_.end()) return found->second.get();
    if (!context_) return nullptr;
    const auto known = context_->definitions.find(key.serial);
    if (known == context_->definitions.end()) return nullptr;
    auto made = std::make_unique<entry>();
    made->key = key;
    made->context = context_;
    made->definition = known->second;
    return entries_.emplace(key, std::move(made)).first->second.get();
}

void credential_refresher::request(const cache_key& key) {
    loop_.post([this, key] {
        entry* const item = find_or_make(key);
        if (item == nullptr) return;
        const time now = steady_clock::now();
        if (item->is_usable(now)) {
            publish_({item->key, item->secret, item->reason(), {}});
        } else if (item->definition->type != source_type::pair) {
            item->schedule.on_demand(now);
            if (item->secret) {  // it has expired in the meantime
                item->clear_secret();
                publish(*item);
            }
        }
        schedule(*item);
        begin_due();
    });
}

void credential_refresher::on_revoked(const cache_key& key, const shared_secret& revoked) {
    loop_.post([this, key, revoked] {
        invalidate(key, revoked);
        begin_due();
    });
}

void credential_refresher::invalidate(const cache_key& key, const shared_secret& revoked) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second->secret != revoked ||
        found->second->definition->type == source_type::pair)
        return;
    entry& item = *found->second;
    spdlog::warn("credential: the cloud says that it expired or was revoked, a new one is fetched: credential={}",
                 item.definition->name);
    item.clear_secret();
    item.schedule.on_revoked(steady_clock::now(), jitter());
    publish(item);
    schedule(item);
}

void credential_refresher::on_breaker_open(const cache_key& key, const shared_secret& refused, std::string details) {
    loop_.post([this, key, refused, details = std::move(details)]() mutable {
        const auto found = entries_.find(key);
        // A call that was in progress may have been accepted since.
        if (found == entries_.end() || found->second->secret != refused || !refused->breaker.is_open()) return;
        schedule_probe(*found->second, std::move(details));
        begin_due();
    });
}

void credential_refresher::on_breaker_closed(const cache_key& key, const shared_secret& accepted) {
    loop_.post([this, key, accepted] {
        const auto found = entries_.find(key);
        if (found == entries_.end() || found->second->secret != accepted || accepted->breaker.is_open()) return;
        entry& item = *found->second;
        if (!item.probe_at) return;
        use_again(item);
        schedule(item);
        begin_due();
    });
}

void credential_refresher::verify(const cache_key& key, const shared_secret& refused) {
    loop_.post([this, key, refused] {
        const auto found = entries_.find(key);
        if (found == entries_.end() || found->second->secret != refused) return;
        entry& item = *found->second;
        const time now = steady_clock::now();
        // A caller whose calls are refused again and again causes no more than one query in this time.
        constexpr auto min_interval = 1s;
        item.verify_at = item.last_verification ? std::max(now, *item.last_verification + min_interval) : now;
        schedule(item);
        begin_due();
    });
}

void credential_refresher::schedule_probe(entry& item, std::string details) {
    const auto pause = credentials::probe_delay(item.failed_probes);
    item.probe_at = steady_clock::now() + pause;
    item.verify_at.reset();
    item.refusal_details = std::move(details);
    spdlog::error("credential: rested, the cloud refuses it: credential={} next_try_in={}s why={}",
                  item.definition->name, pause.count(), json_string(item.refusal_details));
    publish(item);
    schedule(item);
}

void credential_refresher::use_again(entry& item) {
    item.clear_failures();
    spdlog::info("credential: the cloud accepts it again, it is in use again: credential={}", item.definition->name);
    publish(item);
}

void credential_refresher::note_skew(std::string_view region, std::chrono::seconds ahead) {
    const std::lock_guard held(statuses_mutex_);
    skews_.insert_or_assign(std::string(region), ahead);
}

std::vector<credential_status> credential_refresher::statuses() const {
    const std::lock_guard held(statuses_mutex_);
    std::vector<credential_status> all;
    all.reserve(statuses_.size());
    for (const auto& [key, one] : statuses_)
        all.push_back(one);
    return all;
}

std::map<std::string, std::chrono::seconds> credential_refresher::skews() const {
    const std::lock_guard held(statuses_mutex_);
    return skews_;
}

double credential_refresher::jitter() { return std::uniform_real_distribution<double>(0, 1)(random_); }

// Publishes the secret to the workers, with a reason that callers may see, and updates the status for people. The
// status first: a caller served with a new secret must not read the old one's failure.
void credential_refresher::publish(const entry& item) {
    update_status(item);
    time retry{};
    if (item.probe_at)
        retry = *item.probe_at;
    else if (!item.secret && item.schedule.due())
        retry = *item.schedule.due();
    publish_({item.key, item.secret, item.reason(), retry});
    changed_.notify_all();
}

void credential_refresher::update_status(const entry& item) {
    const std::lock_guard held(statuses_mutex_);
    credential_status& status = statuses_[item.key];
    status.name = item.definition->name;
    status.project = item.key.project;
    status.usable = item.is_usable(steady_clock::now()) && !item.probe_at;
    status.refused = item.schedule.was_refused() || item.probe_at;
    status.reason = item.full_reason();
    status.expires.reset();
    if (item.secret && item.secret->expires != time::max()) status.expires = item.secret->expires;
    status.fetched = item.fetched;
    status.failed = item.failed;
}

void credential_refresher::schedule(entry& item) {
    const auto next = item.next_due();
    if (next == item.due_at) return;
    if (item.due_at) due_.erase({*item.due_at, &item});
    if (next) due_.insert({*next, &item});
    item.due_at = next;
}

// Begins all that is due, and sets the timer for the next.
void credential_refresher::begin_due() {
    const time now = steady_clock::now();
    while (!stopping_ && !due_.empty() && due_.begin()->first <= now && fetching_ < max_fetching)
        begin(*due_.begin()->second, now);
    if (stopping_ || due_.empty() || fetching_ >= max_fetching) return;
    timer_.set(std::max(1ms, std::chrono::ceil<std::chrono::milliseconds>(due_.begin()->first - now)));
}

void credential_refresher::begin(entry& item, time now) {
    const bool is_check = item.is_check_due(now);
    // What no call has used since it was fetched is not refreshed; it is removed when it has expired.
    const bool in_use = !item.secret || item.definition->preload || item.secret->used.load(std::memory_order_relaxed);
    if (!is_check && !in_use) {
        if (item.is_usable(now)) {
            item.schedule.on_unused(now, item.secret->expires);
        } else {
            item.clear_secret();
            item.schedule.cancel();
            publish(item);
        }
        schedule(item);
        return;
    }
    item.fetching = true;
    ++fetching_;
    schedule(item);
    // Posted, not started here: a fetch that fails at once would otherwise begin the next one recursively.
    loop_.post([this, key = item.key, is_check] { spawn(is_check ? check_key(key) : refresh(key)); });
}

// Ends what begin() began; nullptr when a reload has removed the entry in the meantime.
entry* credential_refresher::finish(const cache_key& key) {
    --fetching_;
    loop_.post([this] { begin_due(); });
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    found->second->fetching = false;
    return found->second.get();
}

void credential_refresher::on_fetched(entry& item, shared_secret fresh) {
    const time now = steady_clock::now();
    if (!item.reason().empty()) spdlog::info("credential: it is there again: credential={}", item.definition->name);
    item.set_secret(std::move(fresh));
    ++item.fetched;
    item.schedule.on_success(now, item.secret->expires, item.definition->type == source_type::token, jitter());
    spdlog::debug("credential: fetched: credential={} project={} expires_in={}s", item.definition->name,
                  item.key.project,
                  std::chrono::duration_cast<std::chrono::seconds>(item.secret->expires - now).count());
    publish(item);
}

void credential_refresher::on_failed(entry& item, const credentials::fetch_failure& failure) {
    const time now = steady_clock::now();
    ++item.failed;
    item.schedule.on_failure(now, failure.refused, failure.retry_after, jitter(), failure.max_pause);
    const bool is_new = item.last_failure.reason != failure.reason;  // logged once, not at each try
    item.last_failure = failure;
    if (!item.is_usable(now)) item.clear_secret();
    if (is_new) {
        spdlog::error("credential: can't be {}: credential={} why={} next_try_in={}s", item.secret ? "renewed" : "had",
                      item.definition->name, json_string(failure.full_text()),
                      std::chrono::ceil<std::chrono::seconds>(item.schedule.due().value_or(now) - now).count());
    }
    publish(item);
}

task<> credential_refresher::watch_files() {
    while (!stopping_) {
        co_await net::pause(loop_, file_poll_interval);
        const time now = steady_clock::now();
        for (auto& [key, item] : entries_) {
            if (item->files) poll_files(*item, now);
        }
    }
}

void credential_refresher::poll_files(entry& item, time now) {
    std::string trouble;
    shared_secret fresh;
    try {
        fresh = item.files->poll(now, trouble);
    } catch (const std::exception& e) {
        trouble = std::string("reading them failed: ") + e.what();
    }
    const bool is_new = trouble != std::exchange(item.file_error, trouble);
    const bool changed = fresh != nullptr;
    if (changed) {
        item.set_secret(std::move(fresh));
        ++item.fetched;
        spdlog::info("credential: its files have changed, the new pair is in use: credential={}",
                     item.definition->name);
    } else if (is_new && !trouble.empty()) {
        ++item.failed;
        spdlog::error("credential: its files have changed and can't be read, the old pair stays: credential={} why={}",
                      item.definition->name, json_string(trouble));
    }
    if (!changed && !is_new) return;
    publish(item);
    schedule(item);
}

}  // namespace gateway::credential_refresh
