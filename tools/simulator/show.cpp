// What the cloud shows of its jobs, servers and flavors.

#include <boost/json.hpp>

#include "cloud.hpp"
#include "gateway/base/time.hpp"
#include "query.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

// ISO 8601 in UTC with milliseconds, as jobs have it.
std::string milliseconds(cloud::time at) {
    std::string text;
    gateway::append_rfc3339(text, at);
    text.erase(text.size() - 4, 3);  // the microseconds before the Z
    return text;
}

// An order that nobody pays keeps its job so long.
constexpr std::chrono::hours unpaid_jobs_life{14 * 24};

}  // namespace

std::optional<answer> cloud::show_ended_job(const std::string& id, time now, time& end) const {
    const std::lock_guard held(lock_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return std::nullopt;
    const job_state at = state_of(found->second, now);
    if (at != job_state::success && at != job_state::fail) return std::nullopt;
    end = *end_of(found->second);
    return show_job(id, found->second.project, now);
}

answer cloud::show_job(const std::string& id, const std::string& project, time now) const {
    const auto found = jobs_.find(id);
    const bool known = found != jobs_.end() && found->second.project == project &&
                       (found->second.started || found->second.ended || now < found->second.began + unpaid_jobs_life);
    if (!known)
        return {400,
                json::serialize(json::object{{"code", "Common.0011"}, {"message", "Failed to query system tasks."}})};
    const job& j = found->second;
    const job_state at = state_of(j, now);
    const std::string status = status_of(j, now);
    // What a job and its part of the work, the sub-job, have in common.
    const auto head = [&](const char* type, const std::string& own_id, time began) {
        json::object of{{"status", status}, {"job_id", own_id}, {"job_type", type}};
        of["begin_time"] = milliseconds(began);
        of["end_time"] = nullptr;
        of["error_code"] = nullptr;
        of["fail_reason"] = nullptr;
        if (at == job_state::success || at == job_state::fail) of["end_time"] = milliseconds(*end_of(j));
        if (at == job_state::fail) {
            of["error_code"] = j.goes.code;
            of["fail_reason"] = "Failed to modify the ECS specifications. Try again later or contact customer service.";
        }
        return of;
    };
    json::object body = head("resizeServer", id, j.began);
    json::object entities;
    if (at == job_state::pending_payment) {
        entities["server_id"] = j.server;
    } else if (at != job_state::init) {
        json::object part = head("resizeSingleServer", "5b" + id.substr(2), j.started.value_or(j.began) + j.goes.init);
        json::object about{{"server_id", j.server}};
        if (at == job_state::fail) about["errorcode_message"] = "Insufficient resources for this flavor.";
        part["entities"] = about;
        entities["sub_jobs_total"] = 1;
        entities["sub_jobs"] = json::array{part};
    }
    body["entities"] = entities;
    return {200, json::serialize(body)};
}

answer cloud::show_server(const std::string& id, time now) const {
    const server& s = seed_.servers.at(id);
    const time shown = now - course_of(id).lag;
    std::string flavor_id = s.flavor, task_state;
    const auto note_task = [&](const job& j) {
        if (!j.started || shown < *j.started) return;
        const job_state at = state_of(j, shown);
        if (at == job_state::init) task_state = "resize_prep";
        if (at == job_state::running) task_state = "resize_migrating";
    };
    if (const auto last = pasts_.find(id); last != pasts_.end()) {
        if (shown < *end_of(last->second.last)) flavor_id = last->second.flavor_before;
        note_task(last->second.last);
    }
    if (const auto open = open_.find(id); open != open_.end()) {
        for (const auto& each : open->second)
            if (const auto found = jobs_.find(each); found != jobs_.end()) note_task(found->second);
    }
    const bool resizing = !task_state.empty();
    if (const auto forced = task_states_.find(id); forced != task_states_.end()) task_state = forced->second;

    const flavor& f = seed_.flavors.at(flavor_id);
    const bool stopped = resizing || s.status == "SHUTOFF";  // it is stopped for the resize, and started again after it
    json::object body{{"id", id},
                      {"name", s.name},
                      {"status", resizing ? "RESIZE" : s.status},
                      {"tenant_id", s.project},
                      {"locked", s.locked},
                      {"flavor", json::object{{"id", flavor_id},
                                              {"name", flavor_id},
                                              {"vcpus", f.vcpus},
                                              {"ram", std::to_string(f.ram)},
                                              {"disk", "0"}}},
                      {"metadata", json::object{{"charging_mode", s.charging_mode}}},
                      {"OS-EXT-STS:vm_state", stopped ? "stopped" : "active"},
                      {"OS-EXT-STS:power_state", stopped ? 4 : 1},
                      {"enterprise_project_id", "0"}};
    body["OS-EXT-STS:task_state"] = task_state.empty() ? json::value(nullptr) : json::value(task_state);
    return {200, json::serialize(json::object{{"server", body}})};
}

answer cloud::list_flavors(const std::string& query, const std::string& project) const {
    const std::string of_server = parameter(query, "instance_uuid");
    std::string now_has = parameter(query, "source_flavor_id");
    if (now_has.empty()) now_has = parameter(query, "source_flavor_name");
    if (of_server.empty() && now_has.empty())
        return error(400, "Ecs.0005", "Invalid parameter values.",
                     "one of instance_uuid, source_flavor_id, source_flavor_name is required");
    if (!of_server.empty()) {
        const auto found = seed_.servers.find(of_server);
        if (found == seed_.servers.end() || found->second.project != project)
            return error(404, "Ecs.0114", "The ECS does not exist.");
        now_has = found->second.flavor;
    }
    json::array flavors;
    for (const auto& [id, f] : seed_.flavors) {
        // The list tells what can be switched to, not what is in stock: a flavor that is sold out is in it.
        if (id == now_has) continue;
        flavors.push_back(json::object{{"id", id},
                                       {"name", id},
                                       {"vcpus", f.vcpus},
                                       {"ram", f.ram},
                                       {"disk", "0"},
                                       {"swap", ""},
                                       {"OS-FLV-DISABLED:disabled", false},
                                       {"os-flavor-access:is_public", true},
                                       {"links", json::array{}},
                                       {"extra_specs", json::object{}}});
    }
    return {200, json::serialize(json::object{{"flavors", flavors}})};
}

}  // namespace simulator
