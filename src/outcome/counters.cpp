#include "gateway/outcome/counters.hpp"

#include <algorithm>

namespace gateway::outcome {

namespace {

std::string_view or_none(std::string_view label) { return label.empty() ? no_label : label; }

// decision and status in one number.
constexpr std::uint32_t status_bits = 10;
constexpr std::uint32_t code_of(const record& call) {
    const std::uint32_t status = call.status < 100 || call.status > 599 ? 0 : call.status;
    return static_cast<std::uint32_t>(call.decided) << status_bits | status;
}

// The number of that label set; beyond `most` of them, that of `otherwise`.
template <class Value>
Value& find_or_add(series<Value>& all, const label_set& labels, std::size_t max, const label_set& overflow) {
    if (Value* const known = all.find(labels)) return *known;
    if (all.size() < max) return all.add(labels);
    Value* const other = all.find(overflow);
    return other != nullptr ? *other : all.add(overflow);
}

template <class Histogram>
void add(totals::times& sum, const Histogram& part) {
    for (std::size_t i = 0; i < sum.in_bucket.size(); ++i)
        sum.in_bucket[i] += part.in_bucket[i].read();
    sum.sum += std::chrono::microseconds(part.sum.read());
}

}  // namespace

std::string_view name_of(upstream_error error) noexcept {
    static constexpr std::array<std::string_view, upstream_errors> names{
        "resolve", "connect", "handshake", "write", "read", "parse", "timeout", "credential_refused", "server_error"};
    return names[static_cast<std::size_t>(error)];
}

void counters::histogram::add(std::chrono::microseconds time) noexcept {
    std::size_t bucket = 0;  // counted rather than searched for: a search guesses wrong about every other step
    for (const auto bound : time_buckets)
        bucket += bound < time ? std::size_t{1} : 0;
    in_bucket[bucket].add(1);
    sum.add(static_cast<std::uint64_t>(std::max<std::chrono::microseconds::rep>(0, time.count())));
}

counters::call_series& counters::series_of(const record& call) {
    const std::string_view operation = or_none(call.operation);
    const std::uint32_t code = code_of(call);
    const label_set labels{operation, or_none(call.account), or_none(call.region), code};
    if (call_series* const known = calls_.find(labels)) return *known;
    const bool full = calls_.size() >= max_call_series;
    call_series& found = find_or_add(calls_, labels, max_call_series, {operation, other_label, other_label, code});
    found.has_one_region = !full;
    found.call_seconds = &find_or_add(call_seconds_, {operation, {}, {}, 0}, max_operations, {other_label, {}, {}, 0});
    return found;
}

counters::histogram& counters::times_of_region(std::string_view region) {
    return find_or_add(upstream_seconds_, {or_none(region), {}, {}, 0}, max_regions, {other_label, {}, {}, 0});
}

void counters::count_rule(std::string_view name) {
    if (hits_of_last_rule_ == nullptr || last_rule_ != name) {
        hits_of_last_rule_ = &find_or_add(rules_, {name, {}, {}, 0}, max_call_series, {other_label, {}, {}, 0});
        last_rule_ = name;
    }
    hits_of_last_rule_->add(1);
}

void counters::count(const record& call) {
    call_series& counted = series_of(call);
    counted.calls.add(1);
    counted.call_seconds->add(call.duration);
    if (call.upstream) {
        histogram* times = counted.upstream_seconds;
        if (times == nullptr) times = &times_of_region(call.region);
        if (counted.has_one_region) counted.upstream_seconds = times;
        times->add(*call.upstream);
    }
    if (!call.rule.empty()) count_rule(call.rule);
    // "denied by NAME"
    if (!call.shadow.empty()) count_rule(call.shadow.substr(call.shadow.find(" by ") + 4));
    if (call.upstream_status == 401) count_failure(call.region, upstream_error::credential_refused);
    if (call.upstream_status >= 500) count_failure(call.region, upstream_error::server_error);
}

void counters::count_failure(std::string_view region, upstream_error error) {
    const auto kind = static_cast<std::uint32_t>(error);
    find_or_add(errors_, {or_none(region), {}, {}, kind}, max_regions * upstream_errors, {other_label, {}, {}, kind})
        .add(1);
}

void counters::add_to(totals& sums) const {
    calls_.each([&](const label_set& labels, const call_series& calls) {
        const totals::call key{.operation = std::string(labels.first),
                               .account = std::string(labels.second),
                               .decided = static_cast<decision>(labels.code >> status_bits),
                               .status = labels.code & ((1U << status_bits) - 1)};
        sums.calls[key] += calls.calls.read();
    });
    call_seconds_.each([&](const label_set& labels, const histogram& times) {
        add(sums.call_seconds[std::string(labels.first)], times);
    });
    upstream_seconds_.each([&](const label_set& labels, const histogram& times) {
        add(sums.upstream_seconds[std::string(labels.first)], times);
    });
    errors_.each([&](const label_set& labels, const tally& errors) {
        sums.errors[{std::string(labels.first), static_cast<upstream_error>(labels.code)}] += errors.read();
    });
    rules_.each(
        [&](const label_set& labels, const tally& hits) { sums.rules[std::string(labels.first)] += hits.read(); });
}

}  // namespace gateway::outcome
