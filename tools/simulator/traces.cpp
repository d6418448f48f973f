#include "traces.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "forms.hpp"
#include "query.hpp"

namespace simulator {

namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t max_kept = 100'000;
constexpr std::chrono::hours kept_for{7 * 24};
constexpr std::int64_t max_page = 200, usual_page = 10;
constexpr const char* const endless_marker = "endless-";

std::int64_t milliseconds_of(time_point at) {
    return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

// Absent when it is no number.
std::optional<std::int64_t> read_number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The name of a parameter that makes no sense, empty when there is none.
std::string wrong_parameter(const std::string& query) {
    const std::string type = parameter(query, "trace_type"), limit = parameter(query, "limit");
    if (type != "system" && type != "data") return "trace_type";
    const auto size = limit.empty() ? usual_page : read_number(limit).value_or(0);
    if (size < 1 || size > max_page) return "limit";
    for (const char* const name : {"from", "to"}) {
        const std::string text = parameter(query, name);
        if (!text.empty() && !read_number(text)) return name;
    }
    return "";
}

std::string access_key_of(const call& what) {
    for (const auto& proof : header_values(what, "authorization")) {
        for (const std::string name : {"Access=", "Credential="}) {
            if (const auto at = proof.find(name); at != std::string::npos) {
                const auto from = at + name.size();
                return proof.substr(from, proof.find_first_of(",/", from) - from);
            }
        }
    }
    return "";
}

// A trace has the request as the service read it: members that nobody gave are there, and null.
std::string request_as_read(const std::string& body) {
    boost::system::error_code ec;
    json::value root = json::parse(body, ec);
    if (ec || !root.is_object()) return body;
    if (auto* const resize = root.get_object().if_contains("resize"); resize != nullptr && resize->is_object()) {
        for (const char* const name : {"mode", "dedicated_host_id", "extendparam", "cpu_options"})
            resize->get_object().emplace(name, nullptr);
    }
    return json::serialize(root);
}

std::string uuid(const std::string& of) {
    std::string id = stable_id(of);
    for (const std::size_t at : {8U, 13U, 18U, 23U})
        id.insert(at, "-");
    return id;
}

json::object describe(const trace& t, const seed& from) {
    const auto server = from.servers.find(t.server);
    const auto owner = from.accounts.find(t.account);
    const std::string domain = owner == from.accounts.end() ? "" : owner->second.domain_id;
    const std::string user_id = stable_id("user " + t.account + "/" + t.user);
    json::object made{{"trace_id", t.id},
                      {"trace_name", "resizeServer"},
                      {"resource_type", "ecs"},
                      {"trace_rating", t.good ? "normal" : "warning"},
                      {"api_version", "1.0"},
                      {"source_ip", "192.0.2.1"},
                      {"domain_id", domain},
                      {"trace_type", t.trace_type},
                      {"service_type", "ECS"},
                      {"event_type", "system"},
                      {"project_id", t.project},
                      {"read_only", false},
                      {"tracker_name", "system"},
                      {"operation_id", "ResizeServer"},
                      {"resource_account_id", domain},
                      {"time", milliseconds_of(t.at)},
                      {"resource_name", server == from.servers.end() ? "" : server->second.name},
                      {"user", json::object{{"access_key_id", t.access_key},
                                            {"account_id", domain},
                                            {"user_name", t.user},
                                            {"domain", json::object{{"name", t.account}, {"id", domain}}},
                                            {"name", t.user},
                                            {"id", user_id},
                                            {"type", "User"},
                                            {"principal_id", user_id}}},
                      {"record_time", milliseconds_of(t.at)},
                      {"request", t.request},
                      {"message", t.good ? "success" : "failed"},
                      {"response", t.response},
                      {"resource_id", t.server},
                      {"request_id", t.request_id}};
    if (!t.code.empty()) made["code"] = t.code;
    return made;
}

// Resizes that others made of the same server, as long as anybody asks.
void fill(json::array& page, std::size_t limit, unsigned long from, const std::string& server, time_point now,
          const seed& world) {
    for (unsigned long i = from; page.size() < limit; ++i) {
        trace t;
        t.id = uuid("endless " + std::to_string(i));
        t.server = server;
        t.user = "somebody";
        t.trace_type = "ApiCall";
        t.request = R"({"resize":{"flavorRef":"endless.)" + std::to_string(i) + R"("}})";
        t.response = R"({"job_id":")" + stable_id("endless job " + std::to_string(i)) + R"("})";
        t.code = "200";
        t.good = true;
        t.at = now - milliseconds(i);
        page.push_back(describe(t, world));
    }
}

}  // namespace

traces::traces(const seed& from, const cloud& jobs) : seed_(from), jobs_(jobs) { set(from.traces); }

trace_settings traces::settings() const {
    const std::lock_guard held(lock_);
    return settings_;
}

void traces::set(const trace_settings& to) {
    const std::lock_guard held(lock_);
    settings_ = to;
    lags_.seed(to.seed);
}

void traces::note(const call& what, const route& asked, const caller& who, const answer& given, time_point now,
                  bool by_hand) {
    trace t;
    t.project = asked.project;
    t.account = who.account;
    t.user = who.user.empty() ? who.account : who.user;
    t.access_key = access_key_of(what);
    t.server = asked.id;
    t.request_id = what.request_id;
    t.trace_type = by_hand ? "ConsoleAction" : "ApiCall";
    t.request = request_as_read(what.body);
    t.response = given.body;
    t.code = std::to_string(given.status);
    t.good = given.status < 300;
    t.at = now;
    if (given.status == 200) {
        boost::system::error_code ec;
        const json::value body = json::parse(given.body, ec);
        if (const auto* const job = ec ? nullptr : body.as_object().if_contains("job_id")) t.job = job->as_string();
    }
    const std::lock_guard held(lock_);
    t.id = uuid("trace " + std::to_string(++noted_));
    t.lateness = std::uniform_real_distribution<double>()(lags_);
    kept_.push_back(std::move(t));
    if (kept_.size() > max_kept) kept_.pop_front();
}

bool traces::appears(trace& t, const trace_settings& current, time_point now) const {
    const auto lag = std::chrono::duration_cast<milliseconds>(t.lateness * current.lag);
    if (current.when_ended && !t.job.empty()) {
        const auto job = jobs_.show_ended_job(t.job, now, t.at);
        if (!job) return false;
        t.response = job->body;
        t.good = json::parse(job->body).at("status") == "SUCCESS";
        // As in the vendor's example.
        t.code.clear();
        t.request_id = "null";
    }
    return now >= t.at + lag && now < t.at + kept_for;
}

std::vector<trace> traces::find(const call& what, const route& asked, const trace_settings& current,
                                time_point now) const {
    const auto fits = [&](const char* name, const std::string& has) {
        const std::string wanted = parameter(what.query, name);
        return wanted.empty() || wanted == has;
    };
    const auto from = read_number(parameter(what.query, "from")).value_or(milliseconds_of(now - std::chrono::hours(1)));
    const auto to = read_number(parameter(what.query, "to")).value_or(milliseconds_of(now));
    if (!fits("trace_name", "resizeServer") || !fits("service_type", "ECS") || !fits("resource_type", "ecs")) return {};
    const std::string server = parameter(what.query, "resource_id");
    std::vector<trace> candidates;
    {
        const std::lock_guard held(lock_);
        std::copy_if(kept_.rbegin(), kept_.rend(), std::back_inserter(candidates), [&](const trace& t) {
            return t.project == asked.project && (server.empty() || t.server == server);
        });
    }
    std::vector<trace> found;
    for (auto& t : candidates) {
        if (!fits("user", t.user) || !fits("access_key_id", t.access_key) || !fits("trace_id", t.id)) continue;
        if (!appears(t, current, now)) continue;
        const auto at = milliseconds_of(t.at);
        if (at >= from && at <= to && fits("trace_rating", t.good ? "normal" : "warning")) found.push_back(t);
    }
    std::stable_sort(found.begin(), found.end(), [](const trace& a, const trace& b) { return a.at > b.at; });
    return found;
}

answer traces::handle(const call& what, const route& asked, const caller& who, time_point now) const {
    const trace_settings current = settings();
    const auto concerns = [&](const std::vector<std::string>& projects) {
        return std::any_of(projects.begin(), projects.end(),
                           [&](const std::string& p) { return p == "*" || p == asked.project; });
    };
    if (!jobs_.may_use(who, asked.project, what) || concerns(current.denied))
        return flat_error(403, "CTS.0002", "Authentication failed or you do not have the permissions required.");
    if (const auto name = wrong_parameter(what.query); !name.empty())
        return flat_error(400, "CTS.0003", "The value of " + name + " is invalid.");
    const auto limit = read_number(parameter(what.query, "limit")).value_or(usual_page);

    std::vector<trace> found;
    if (parameter(what.query, "trace_type") == "system" && !concerns(current.blind))
        found = find(what, asked, current, now);
    const std::string after = parameter(what.query, "next");
    if (!after.empty()) {
        const auto last = std::find_if(found.begin(), found.end(), [&](const trace& t) { return t.id == after; });
        found.erase(found.begin(), last == found.end() ? last : last + 1);
    }
    const auto size = std::min(found.size(), static_cast<std::size_t>(limit));
    json::array page;
    for (std::size_t i = 0; i < size; ++i)
        page.push_back(describe(found[i], seed_));
    json::value marker = nullptr;
    if (size < found.size()) marker = found[size - 1].id;
    if (current.endless && marker.is_null()) {
        const bool goes_on = after.starts_with(endless_marker);
        const auto number = goes_on ? read_number(after.substr(std::string(endless_marker).size())).value_or(0) : 0;
        fill(page, static_cast<std::size_t>(limit), static_cast<unsigned long>(number),
             parameter(what.query, "resource_id"), now, seed_);
        marker = endless_marker + std::to_string(number + limit);
    }
    const auto count = page.size();
    const json::object whole{{"traces", page}, {"meta_data", json::object{{"count", count}, {"marker", marker}}}};
    return {200, in_trace_form(current.form, whole)};
}

}  // namespace simulator
