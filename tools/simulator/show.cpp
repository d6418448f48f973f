// What the cloud shows of its jobs, servers and flavors.

#include <algorithm>
#include <boost/json.hpp>

#include "cloud.hpp"
#include "gateway/base/time.hpp"

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

std::string parameter(const std::string& query, const std::string& name) {
    for (std::size_t from = 0; from < query.size();) {
        const std::size_t to = std::min(query.find('&', from), query.size());
        if (query.compare(from, name.size() + 1, name + "=") == 0)
            return query.substr(from + name.size() + 1, to - from - name.size() - 1);
        from = to + 1;
    }
    return "";
}

}  // namespace

answer cloud::show_job(const std::string& id, const std::string& project, time now) const {
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || found->second.project != project)
        return {400,
                json::serialize(json::object{{"code", "Common.0011"}, {"message", "Failed to query system tasks."}})};
    const job& j = found->second;
    const state at = state_of(j, now);
    const char* status = "FAIL";
    if (at == state::init) status = "INIT";
    if (at == state::running) status = "RUNNING";
    if (at == state::pending_payment) status = "PENDING_PAYMENT";
    if (at == state::success) status = "SUCCESS";
    // What a job and its part of the work, the sub-job, have in common.
    const auto head = [&](const char* type, const std::string& own_id, time began) {
        json::object of{{"status", status}, {"job_id", own_id}, {"job_type", type}};
        of["begin_time"] = milliseconds(began);
        of["end_time"] = nullptr;
        of["error_code"] = nullptr;
        of["fail_reason"] = nullptr;
        if (at == state::success || at == state::fail)
            of["end_time"] = milliseconds(j.began + seed_.init + seed_.running);
        if (at == state::fail) {
            of["error_code"] = *seed_.servers.at(j.server).fails_with;
            of["fail_reason"] = "Failed to modify the ECS specifications. Try again later or contact customer service.";
        }
        return of;
    };
    json::object body = head("resizeServer", id, j.began);
    json::object entities;
    if (at == state::pending_payment) {
        entities["server_id"] = j.server;
    } else if (at != state::init) {
        json::object part = head("resizeSingleServer", "5b" + id.substr(2), j.began + seed_.init);
        json::object about{{"server_id", j.server}};
        if (at == state::fail) about["errorcode_message"] = "Insufficient resources for this flavor.";
        part["entities"] = about;
        entities["sub_jobs_total"] = 1;
        entities["sub_jobs"] = json::array{part};
    }
    body["entities"] = entities;
    return {200, json::serialize(body)};
}

answer cloud::show_server(const std::string& id, time now) const {
    const server& s = seed_.servers.at(id);
    const flavor& f = seed_.flavors.at(s.flavor);
    const bool resizing = is_busy(id, now);
    const bool stopped = resizing || s.status == "SHUTOFF";  // it is stopped for the resize, and started again after it
    json::object body{
        {"id", id},
        {"name", s.name},
        {"status", resizing ? "RESIZE" : s.status},
        {"tenant_id", s.project},
        {"locked", s.locked},
        {"flavor",
         json::object{
             {"id", s.flavor}, {"name", s.flavor}, {"vcpus", f.vcpus}, {"ram", std::to_string(f.ram)}, {"disk", "0"}}},
        {"metadata", json::object{{"charging_mode", s.charging_mode}}},
        {"OS-EXT-STS:vm_state", stopped ? "stopped" : "active"},
        {"OS-EXT-STS:power_state", stopped ? 4 : 1},
        {"enterprise_project_id", "0"}};
    body["OS-EXT-STS:task_state"] = resizing ? json::value("resize_migrating") : json::value(nullptr);
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
