#include "gateway/policy/admission.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::policy {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// State alone, no limits: those are the table's, and may differ in the one that takes this cell over.
struct admission::cell {
    // GCRA's theoretical arrival time, nanoseconds of the steady clock: when the bucket is full again.
    std::atomic<std::int64_t> full_at{0};
    std::atomic<std::uint32_t> in_flight{0};
};

namespace {

using cell_of_caller = std::pair<std::uint32_t, std::shared_ptr<admission::cell>>;

struct limited_rule {
    std::string name;
    std::optional<config::rate> rate;
    std::optional<std::uint32_t> max_in_flight;
    std::vector<cell_of_caller> cells;  // sorted by caller
};

// Takes a token; how long to wait for one when there is none.
nanoseconds take_token(std::atomic<std::int64_t>& full_at, const config::rate& limit, std::int64_t now) {
    if (limit.calls == 0) return std::max<nanoseconds>(limit.per, seconds(1));
    const std::int64_t bucket = std::max<std::int64_t>(nanoseconds(limit.per).count(), limit.calls);
    const std::int64_t token = bucket / limit.calls;
    // Division leaves a remainder of less than a nanosecond a token; a bucket of whole tokens holds `calls` of them.
    const std::int64_t capacity = token * limit.calls;
    std::int64_t seen = full_at.load(std::memory_order_relaxed);
    for (;;) {
        // Never emptier than empty: what an earlier, slower rate left behind must not shut a caller out for longer than
        // the rate of today takes to fill.
        const std::int64_t start = std::clamp(seen, now, now + capacity);
        const bool has_token = start + token <= now + capacity;
        const std::int64_t next = has_token ? start + token : start;
        if (next == seen || full_at.compare_exchange_weak(seen, next, std::memory_order_relaxed))
            return has_token ? nanoseconds(0) : nanoseconds(start + token - now - capacity);
    }
}

bool try_begin_call(std::atomic<std::uint32_t>& in_flight, std::uint32_t max) {
    std::uint32_t seen = in_flight.load(std::memory_order_relaxed);
    while (seen < max) {
        if (in_flight.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
    }
    return false;
}

}  // namespace

struct admission::table {
    std::vector<std::string> callers;
    std::vector<std::optional<limited_rule>> rules;  // by index in the configuration
};

admission::ticket& admission::ticket::operator=(ticket&& other) noexcept {
    if (this != &other) {
        release();
        cell_ = std::exchange(other.cell_, nullptr);
    }
    return *this;
}

void admission::ticket::release() noexcept {
    if (cell_ != nullptr) std::exchange(cell_, nullptr)->in_flight.fetch_sub(1, std::memory_order_relaxed);
}

admission::admission(const config::settings& settings, const admission* before) : table_(std::make_unique<table>()) {
    using rule_and_caller = std::pair<std::string_view, std::string_view>;
    std::map<rule_and_caller, std::shared_ptr<cell>> known;
    if (before != nullptr) {
        for (const auto& rule : before->table_->rules) {
            if (!rule) continue;
            for (const auto& [caller, held] : rule->cells)
                known.emplace(rule_and_caller(rule->name, before->table_->callers[caller]), held);
        }
    }

    for (const config::caller& one : settings.callers)
        table_->callers.push_back(one.name);
    for (const config::rule& rule : settings.policy) {
        auto& made = table_->rules.emplace_back();
        const bool can_allow = rule.effect == config::effect::allow && !rule.shadow;
        if (!can_allow || (!rule.rate && !rule.max_in_flight)) continue;
        made = limited_rule{.name = rule.name, .rate = rule.rate, .max_in_flight = rule.max_in_flight, .cells = {}};
        const std::set<std::string_view> named =
            rule.callers ? std::set<std::string_view>(rule.callers->begin(), rule.callers->end())
                         : std::set<std::string_view>();
        for (std::size_t i = 0; i < table_->callers.size(); ++i) {
            const std::string_view caller = table_->callers[i];
            if (rule.callers && !named.contains(caller)) continue;
            const auto held = known.find(rule_and_caller(rule.name, caller));
            made->cells.emplace_back(static_cast<std::uint32_t>(i),
                                     held != known.end() ? held->second : std::make_shared<cell>());
        }
    }
}

admission::admission(admission&&) noexcept = default;
admission& admission::operator=(admission&&) noexcept = default;
admission::~admission() = default;

struct admission::limits_of_caller {
    const limited_rule* rule = nullptr;
    cell* counted = nullptr;  // nullptr: there is nothing to count
};

admission::limits_of_caller admission::find(std::uint32_t rule, std::uint32_t caller) const {
    const auto& limits = table_->rules[rule];
    if (!limits) return {};
    const auto found = std::lower_bound(limits->cells.begin(), limits->cells.end(), caller,
                                        [](const cell_of_caller& one, std::uint32_t key) { return one.first < key; });
    if (found == limits->cells.end() || found->first != caller) return {};
    return {&*limits, found->second.get()};
}

admission::result admission::begin_call(const limits_of_caller& found) {
    result out;
    if (found.counted == nullptr || !found.rule->max_in_flight) return out;
    if (!try_begin_call(found.counted->in_flight, *found.rule->max_in_flight)) {
        out.admitted = false;
        out.retry_after = seconds(1);
        return out;
    }
    out.hold = ticket(found.counted);
    return out;
}

admission::result admission::admit(std::uint32_t rule, std::uint32_t caller,
                                   std::chrono::steady_clock::time_point now) const {
    const limits_of_caller found = find(rule, caller);
    // The call is counted first: that can be undone, a token can't be given back.
    result out = begin_call(found);
    if (!out.admitted || found.counted == nullptr || !found.rule->rate) return out;
    const nanoseconds wait =
        take_token(found.counted->full_at, *found.rule->rate, nanoseconds(now.time_since_epoch()).count());
    if (wait > nanoseconds(0)) {
        out.hold.release();
        out.admitted = false;
        out.over_rate = true;
        out.retry_after = std::max(seconds(1), std::chrono::ceil<seconds>(wait));
    }
    return out;
}

admission::result admission::admit_change(std::uint32_t rule, std::uint32_t caller) const {
    return begin_call(find(rule, caller));
}

}  // namespace gateway::policy
