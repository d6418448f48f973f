#include "gateway/outcome/counters.hpp"

#include <algorithm>

namespace gateway::outcome {

namespace {

std::string_view or_none(std::string_view label) { return label.empty() ? no_label : label; }

// decision and status in one number.
constexpr std::uint32_t status_bits = 10;
constexpr std::uint32_t code_of(const record& what) {
    const std::uint32_t status = what.status < 100 || what.status > 599 ? 0 : what.status;
    return static_cast<std::uint32_t>(what.decided) << status_bits | status;
}

// The number of that label set; beyond `most` of them, that of `otherwise`.
template <class Value>
Value& at(series<Value>& in, const label_set& which, std::size_t most, const label_set& otherwise) {
    if (Value* const known = in.find(which)) return *known;
    if (in.size() < most) return in.add(which);
    Value* const rest = in.find(otherwise);
    return rest != nullptr ? *rest : in.add(otherwise);
}

template <class Histogram>
void add(totals::times& to, const Histogram& from) {
    for (std::size_t i = 0; i < to.in_bucket.size(); ++i)
        to.in_bucket[i] += from.in_bucket[i].read();
    to.sum += std::chrono::microseconds(from.sum.read());
}

}  // namespace

std::string_view name_of(upstream_error which) noexcept {
    static constexpr std::array<std::string_view, upstream_errors> names{
        "resolve", "connect", "handshake", "write", "read", "parse", "timeout", "credential_refused", "server_error"};
    return names[static_cast<std::size_t>(which)];
}

void counters::histogram::add(std::chrono::microseconds time) noexcept {
    std::size_t bucket = 0;  // counted rather than searched for: a search guesses wrong about every other step
    for (const auto bound : time_buckets)
        bucket += bound < time ? std::size_t{1} : 0;
    in_bucket[bucket].add(1);
    sum.add(static_cast<std::uint64_t>(std::max<std::chrono::microseconds::rep>(0, time.count())));
}

counters::alike& counters::calls_like(const record& what) {
    const std::string_view operation = or_none(what.operation);
    const std::uint32_t code = code_of(what);
    const label_set labels{operation, or_none(what.account), or_none(what.region), code};
    if (alike* const known = calls_.find(labels)) return *known;
    const bool full = calls_.size() >= most_call_series;
    alike& found = at(calls_, labels, most_call_series, {operation, other_label, other_label, code});
    found.of_one_region = !full;
    found.call_seconds = &at(call_seconds_, {operation, {}, {}, 0}, most_operations, {other_label, {}, {}, 0});
    return found;
}

counters::histogram& counters::times_of_region(std::string_view region) {
    return at(upstream_seconds_, {or_none(region), {}, {}, 0}, most_regions, {other_label, {}, {}, 0});
}

void counters::count_rule(std::string_view name) {
    if (hits_of_last_rule_ == nullptr || last_rule_ != name) {
        hits_of_last_rule_ = &at(rules_, {name, {}, {}, 0}, most_call_series, {other_label, {}, {}, 0});
        last_rule_ = name;
    }
    hits_of_last_rule_->add(1);
}

void counters::count(const record& what) {
    alike& like_it = calls_like(what);
    like_it.calls.add(1);
    like_it.call_seconds->add(what.duration);
    if (what.upstream) {
        histogram* times = like_it.upstream_seconds;
        if (times == nullptr) times = &times_of_region(what.region);
        if (like_it.of_one_region) like_it.upstream_seconds = times;
        times->add(*what.upstream);
    }
    if (!what.rule.empty()) count_rule(what.rule);
    // "denied by NAME"
    if (!what.shadow.empty()) count_rule(what.shadow.substr(what.shadow.find(" by ") + 4));
    if (what.upstream_status == 401) count_failure(what.region, upstream_error::credential_refused);
    if (what.upstream_status >= 500) count_failure(what.region, upstream_error::server_error);
}

void counters::count_failure(std::string_view region, upstream_error how) {
    const auto kind = static_cast<std::uint32_t>(how);
    at(errors_, {or_none(region), {}, {}, kind}, most_regions * upstream_errors, {other_label, {}, {}, kind}).add(1);
}

void counters::add_to(totals& sums) const {
    calls_.each([&](const label_set& of, const alike& of_them) {
        const totals::call labels{.operation = std::string(of.first),
                                  .account = std::string(of.second),
                                  .decided = static_cast<decision>(of.code >> status_bits),
                                  .status = of.code & ((1U << status_bits) - 1)};
        sums.calls[labels] += of_them.calls.read();
    });
    call_seconds_.each(
        [&](const label_set& of, const histogram& times) { add(sums.call_seconds[std::string(of.first)], times); });
    upstream_seconds_.each(
        [&](const label_set& of, const histogram& times) { add(sums.upstream_seconds[std::string(of.first)], times); });
    errors_.each([&](const label_set& of, const tally& errors) {
        sums.errors[{std::string(of.first), static_cast<upstream_error>(of.code)}] += errors.read();
    });
    rules_.each([&](const label_set& of, const tally& hits) { sums.rules[std::string(of.first)] += hits.read(); });
}

}  // namespace gateway::outcome
