#include "faults.hpp"

#include <boost/json.hpp>

#include "cloud.hpp"
#include "iam.hpp"
#include "members.hpp"
#include "query.hpp"
#include "trouble.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t max_bytes = 64 * 1024 * 1024;

std::size_t bytes(members& from, const char* name) {
    return static_cast<std::size_t>(from.number(name, 0, max_bytes).value_or(0));
}

fault read_how(members& from) {
    fault f;
    f.delay = std::chrono::milliseconds(from.number("delay_ms", 0, hour_ms).value_or(0));
    f.close_before_answer = from.flag("close_before_answer").value_or(false);
    if (const auto at = from.number("close_after_bytes", 0, max_bytes)) f.close_after = static_cast<std::size_t>(*at);
    f.garbage = from.flag("garbage").value_or(false);
    if (const auto status = from.number("status", 200, 599)) f.status = static_cast<unsigned>(*status);
    f.body = from.text_or_object("body").value_or("");
    f.extra_header_bytes = bytes(from, "extra_header_bytes");
    f.big_body_bytes = bytes(from, "big_body_bytes");
    f.connection_close = from.flag("connection_close").value_or(false);
    f.no_answer = from.flag("no_answer").value_or(false);
    return f;
}

fault_rule read_rule(members& from) {
    fault_rule r;
    r.name = from.text("on").value_or("any");
    r.project = from.text("project").value_or("");
    r.id = from.text("id").value_or("");
    r.skip = static_cast<unsigned long>(from.number("skip", 0, INT64_MAX).value_or(0));
    if (const auto count = from.number("count", 0, INT64_MAX)) r.count = static_cast<unsigned long>(*count);
    r.chance = from.fraction("chance", 0, 1).value_or(1);
    r.seed = static_cast<std::uint64_t>(from.number("seed", 0, INT64_MAX).value_or(0));
    r.acts = from.flag("acts").value_or(true);
    r.label = from.text("label").value_or("");
    r.how = read_how(from);
    return r;
}

bool fits(const fault_rule& rule, const route& call, const std::string& query) {
    if (call.to == api::none) return false;
    if (rule.name != "any" && rule.name != call.name && rule.name != name_of(call.from)) return false;
    if (!rule.project.empty() && rule.project != call.project) return false;
    const std::string id = call.to == api::list_traces ? parameter(query, "resource_id") : call.id;
    return rule.id.empty() || rule.id == id;
}

answer ecs_error(unsigned status, const std::string& message) {
    switch (status) {
        case 403:
            return error(403, "Ecs.0110", "The user has no permission to perform this operation.");
        case 404:
            return error(404, "Ecs.0114", "The ECS does not exist.");
        case 500:
            return error(500, "Ecs.0615", "Internal error.");
        case 503:
            return error(503, "Common.1503", "The API is busy. Try again later.");
        default:
            return error(status, "Common.0001", message);
    }
}

// What a service answers by itself when it fails with that status. The words of 404, 500 and 503 of CTS and BSS are
// ours.
answer service_error(unsigned status, service from, const std::string& request_id) {
    const std::string message = title_of(status);
    if (from == service::iam) return iam_error(status, message);
    if (status == 401)
        return {401, json::serialize(json::object{
                         {"error_code", "APIGW.0301"},
                         {"error_msg", "Incorrect IAM authentication information: verify aksk signature fail"},
                         {"request_id", request_id}})};
    if (status == 429)
        return {429,
                json::serialize(json::object{
                    {"error_code", "APIGW.0308"},
                    {"error_msg",
                     "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second"},
                    {"request_id", request_id}})};
    if (status == 502 || status == 504)
        return {status,
                json::serialize(json::object{
                    {"error_code", "APIGW.0201"}, {"error_msg", "Backend timeout."}, {"request_id", request_id}})};
    if (from == service::ecs) return ecs_error(status, message);
    if (from == service::cts)
        return flat_error(status, status == 403 ? "CTS.0002" : "CTS.0001",
                          status == 403 ? "Authentication failed or you do not have the permissions required."
                                        : "The IAM or OBS service is abnormal.");
    return flat_error(
        status, status == 403 ? "CBC.0156" : "CBC.0999",
        status == 403 ? "Access denied. The customer does not belong to the website you are now at." : "Other errors.");
}

}  // namespace

std::variant<std::vector<fault_rule>, std::string> read_faults(const std::string& body) {
    members given(body);
    const auto list = given.objects("faults");
    if (const auto wrong = given.wrong(); !wrong.empty()) return wrong;
    std::vector<fault_rule> rules;
    for (const auto& each : list.value_or(json::array{})) {
        members one(each);
        rules.push_back(read_rule(one));
        if (const auto wrong = one.wrong(); !wrong.empty()) return wrong;
        if (rules.back().name != "any" && !is_name(rules.back().name)) return "no such API: " + rules.back().name;
    }
    return rules;
}

void faults::set(std::vector<fault_rule> rules) {
    const std::lock_guard held(lock_);
    entries_.clear();
    for (auto& r : rules) {
        std::mt19937_64 chances(r.seed);
        entries_.push_back({{std::move(r)}, chances});
    }
}

std::optional<stroke> faults::strike(const route& call, const std::string& query) {
    const std::lock_guard held(lock_);
    for (auto& [so_far, chances] : entries_) {
        const fault_rule& rule = so_far.rule;
        if (!fits(rule, call, query)) continue;
        ++so_far.met;
        if (so_far.met <= rule.skip || (rule.count && so_far.struck >= *rule.count)) continue;
        // A draw for each call, so that the same calls meet the same fate.
        if (std::uniform_real_distribution<double>()(chances) >= rule.chance) continue;
        ++so_far.struck;
        return stroke{rule.label, rule.acts, rule.how};
    }
    return std::nullopt;
}

std::vector<faults::tally> faults::tallies() const {
    std::vector<tally> all;
    const std::lock_guard held(lock_);
    all.reserve(entries_.size());
    for (const auto& e : entries_)
        all.push_back(e.so_far);
    return all;
}

answer spoiled(answer own, const stroke& by, const route& asked, const std::string& request_id) {
    const unsigned status = by.how.status.value_or(own.status == 0 ? 503 : own.status);
    if (!by.how.body.empty()) return {status, by.how.body};
    if (status == own.status) return own;
    return service_error(status, asked.from, request_id);
}

}  // namespace simulator
