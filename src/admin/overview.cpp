#include "gateway/admin/overview.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"

namespace gateway::admin {

namespace {

namespace json = boost::json;

std::string time_of(std::chrono::system_clock::time_point time) {
    std::string text;
    append_rfc3339(text, time);
    return text;
}

// Names and reasons may hold others' words, and any byte: what is no UTF-8 becomes U+FFFD.
json::value text_of(std::string_view text) { return json::parse(json_string(text)); }

json::object histogram(const outcome::totals::times& times) {
    json::array buckets;
    for (std::size_t i = 0; i < times.in_bucket.size(); ++i) {
        const bool bounded = i < outcome::time_buckets.size();
        const json::value bound = bounded ? json::value(outcome::time_buckets[i].count()) : json::value(nullptr);
        buckets.push_back(json::array{bound, times.in_bucket[i]});
    }
    return {{"sum_us", times.sum.count()}, {"buckets", std::move(buckets)}};
}

json::array times(std::string_view label, const std::map<std::string, outcome::totals::times>& all) {
    json::array list;
    for (const auto& [name, measured] : all) {
        json::object one{{json::string_view(label.data(), label.size()), text_of(name)}};
        for (auto& [key, value] : histogram(measured))
            one[key] = std::move(value);
        list.push_back(std::move(one));
    }
    return list;
}

json::array reasons(const std::vector<reason>& all) {
    json::array list;
    for (const reason& one : all)
        list.push_back({{"what", text_of(one.kind)}, {"name", text_of(one.name)}, {"why", text_of(one.text)}});
    return list;
}

// The lists of it are JSON already.
std::string ledger(const overview& shown) {
    json::object counts;
    for (const auto& [state, changes] : shown.counted.ledger.open)
        counts[state] = changes.count;
    const json::object all{
        {"name", text_of(shown.ledger.name)}, {"up", shown.counted.ledger.is_up}, {"counts", std::move(counts)}};
    std::string text = json::serialize(all);
    text.pop_back();
    return text + ",\"open\":[" + shown.ledger.open + "],\"ended\":[" + shown.ledger.ended + "],\"freezes\":[" +
           shown.ledger.freezes + "]}";
}

}  // namespace

std::string json_of(const overview& shown) {
    json::array calls, errors, credentials, rules;
    const outcome::totals& counted = shown.counted.calls;
    for (const auto& [labels, count] : counted.calls) {
        calls.push_back({{"operation", text_of(labels.operation)},
                         {"account", text_of(labels.account)},
                         {"decision", text_of(name_of(labels.decided))},
                         {"status", labels.status},
                         {"count", count}});
    }
    for (const auto& [labels, count] : counted.errors) {
        errors.push_back(
            {{"region", text_of(labels.first)}, {"kind", text_of(name_of(labels.second))}, {"count", count}});
    }
    for (const auto& one : shown.credentials) {
        json::object credential{{"name", text_of(one.name)}, {"kind", text_of(one.kind)}};
        if (one.expires_in) credential["expires_in_seconds"] = one.expires_in->count();
        credentials.push_back(std::move(credential));
    }
    for (const auto& one : shown.rules) {
        rules.push_back(
            {{"name", text_of(one.name)}, {"effect", text_of(one.effect)}, {"shadow", one.shadow}, {"hits", one.hits}});
    }
    const json::object all{
        {"time", text_of(time_of(shown.now))},
        {"version", text_of(shown.counted.version)},
        {"started", text_of(time_of(shown.started))},
        {"configuration",
         {{"generation", shown.configuration.generation},
          {"loaded", text_of(time_of(shown.configuration.loaded))},
          {"sha256", text_of(shown.configuration.sha256)},
          {"file", text_of(shown.configuration.file)}}},
        {"not_ready", reasons(shown.not_ready)},
        {"degraded", reasons(shown.degraded)},
        {"connections", {{"caller", shown.counted.caller_connections}, {"cloud", shown.counted.cloud_connections}}},
        {"calls", std::move(calls)},
        {"call_seconds", times("operation", counted.call_seconds)},
        {"upstream_seconds", times("region", counted.upstream_seconds)},
        {"upstream_errors", std::move(errors)},
        {"credentials", std::move(credentials)},
        {"rules", std::move(rules)}};
    // The lines are JSON already.
    std::string text = json::serialize(all);
    text.pop_back();
    return text + ",\"ledger\":" + ledger(shown) + ",\"outcomes\":[" + shown.outcomes + "]}\n";
}

}  // namespace gateway::admin
