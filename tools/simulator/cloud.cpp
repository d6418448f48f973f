#include "cloud.hpp"

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <regex>

#include "gateway/base/time.hpp"

namespace simulator {

namespace {

namespace json = boost::json;

answer error(unsigned status, const std::string& code, const std::string& message) {
    return {status, json::serialize(json::object{{"error", json::object{{"code", code}, {"message", message}}}})};
}

std::string rfc3339(cloud::time at) {
    std::string text;
    gateway::append_rfc3339(text, at);
    return text;
}

// What a resize body asks for. Nothing when the body is not one.
struct wish {
    std::string flavor;
    bool stop = false, pay = false, dry = false;
};

std::optional<wish> read_wish(const std::string& body) {
    boost::system::error_code ec;
    const json::value root = json::parse(body, ec);
    if (ec || !root.is_object()) return std::nullopt;
    const auto* const resize = root.get_object().if_contains("resize");
    if (resize == nullptr || !resize->is_object()) return std::nullopt;
    const auto* const flavor = resize->get_object().if_contains("flavorRef");
    if (flavor == nullptr || !flavor->is_string() || flavor->get_string().empty()) return std::nullopt;
    wish w;
    w.flavor = flavor->get_string().c_str();
    if (const auto* mode = resize->get_object().if_contains("mode")) {
        if (!mode->is_string() || mode->get_string() != "withStopServer") return std::nullopt;
        w.stop = true;
    }
    if (const auto* extra = resize->get_object().if_contains("extendparam")) {
        if (!extra->is_object()) return std::nullopt;
        if (const auto* pay = extra->get_object().if_contains("isAutoPay")) {
            if (!pay->is_string()) return std::nullopt;
            w.pay = pay->get_string() == "true";
        }
    }
    if (const auto* dry = root.get_object().if_contains("dry_run")) {
        if (!dry->is_bool()) return std::nullopt;
        w.dry = dry->get_bool();
    }
    return w;
}

}  // namespace

answer cloud::handle(const call& what, const std::string& account, time now) {
    static const std::regex resize_path("/(v1|v1\\.1)/([^/]+)/cloudservers/([^/]+)/resize");
    static const std::regex job_path("/v1/([^/]+)/jobs/([^/]+)");
    static const std::regex flavors_path("/v1/([^/]+)/cloudservers/resize_flavors");
    static const std::regex server_path("/v1/([^/]+)/cloudservers/([^/]+)");
    const std::lock_guard held(lock_);
    std::smatch m;
    const bool is_resize = what.method == "POST" && std::regex_match(what.path, m, resize_path);
    const bool is_get = what.method == "GET";
    if (!is_resize &&
        !(is_get && (std::regex_match(what.path, m, job_path) || std::regex_match(what.path, m, flavors_path) ||
                     std::regex_match(what.path, m, server_path)))) {
        return {404, json::serialize(json::object{
                         {"error_msg", "The API does not exist or has not been published in the environment."},
                         {"error_code", "APIGW.0101"},
                         {"request_id", "fd6530a01c09807640189e65e837b8ad"}})};
    }
    const std::string project = m[is_resize ? 2 : 1];
    for (const auto& [name, value] : what.headers) {
        const bool is_project =
            name.size() == 12 && std::regex_match(name, std::regex("x-project-id", std::regex::icase));
        if (is_project && value != project)
            return error(400, "Ecs.0023", "project_id in token mismatches with project_id in url.");
    }
    const auto owner = seed_.projects.find(project);
    if (owner == seed_.projects.end() || owner->second != account)
        return error(400, "Ecs.0023", "project_id in token mismatches with project_id in url.");

    const bool names_server =
        is_resize || (m.size() == 3 && std::regex_match(what.path, server_path) &&
                      !std::regex_match(what.path, flavors_path) && !std::regex_match(what.path, job_path));
    if (names_server) {
        const std::string id = m[is_resize ? 3 : 2];
        const auto found = seed_.servers.find(id);
        if (found == seed_.servers.end() || found->second.project != project)
            return error(404, "Ecs.0114", "The ECS does not exist.");
        if (found->second.wrong.status) return {*found->second.wrong.status, found->second.wrong.body};
        settle(id, now);
        return is_resize ? resize(what, account, id, m[1] == "v1", now) : show_server(id, now);
    }
    if (std::regex_match(what.path, m, flavors_path)) return list_flavors(what, now);
    std::regex_match(what.path, m, job_path);
    return show_job(m[2], project, now);
}

answer cloud::resize(const call& what, const std::string& account, const std::string& id, bool v1, time now) {
    server& s = seed_.servers.at(id);
    if (what.body.empty()) return error(400, "Common.0002", "The request body is empty.");
    const auto wanted = read_wish(what.body);
    if (!wanted) return error(400, "Ecs.0005", "Invalid parameter values.");

    if (seed_.accounts.at(account).partner_forbidden)
        return error(403, "Ecs.0068", "This operation cannot be performed by partners.");
    if (open_job(id, now) != nullptr)
        return error(501, "Ecs.0603", "Other commands are being executed. Try again later.");
    if (s.locked) return error(400, "Ecs.0605", "The ECS is locked.");
    if (s.charging_mode == "2") return error(400, "Ecs.0704", "A spot ECS cannot be resized.");
    if (v1 && s.charging_mode == "1") return error(400, "Ecs.0005", "A yearly/monthly ECS is resized by the v1.1 API.");
    const auto target = seed_.flavors.find(wanted->flavor);
    if (target == seed_.flavors.end())
        return error(400, "Ecs.0029", "The flavor does not exist or has been withdrawn.");
    if (target->second.sold_out) return error(400, "Ecs.0018", "The flavor has been sold out.");
    if (wanted->flavor == s.flavor) return error(400, "Ecs.0810", "The ECS flavor is the same as the target flavor.");
    if (s.status != "SHUTOFF" && !wanted->stop)
        return error(400, "Ecs.0100",
                     "The ECS status does not meet requirements. Make the ECS in the required status and try again.");
    const bool prepaid = s.charging_mode == "1";
    if (prepaid && wanted->pay && !seed_.accounts.at(account).balance_ok)
        return error(403, "Ecs.0067", "The account balance is too low.");
    if (wanted->dry) return {202, "{}"};

    const std::string job_id = next_id();
    job& j = jobs_[job_id];
    j.server = id;
    j.project = s.project;
    j.flavor_before = s.flavor;
    j.flavor_after = wanted->flavor;
    j.status_before = s.status;
    j.began = now;
    j.unpaid = prepaid && !wanted->pay;
    if (!prepaid) return {200, json::serialize(json::object{{"job_id", job_id}})};
    std::array<char, 32> order{};
    std::snprintf(order.data(), order.size(), "CS26112310%07lu", issued_);
    json::object body{{"order_id", order.data()}};
    if (!seed_.order_without_job) body["job_id"] = job_id;
    return {200, json::serialize(body)};
}

std::string cloud::state_of(const job& j, time now) const {
    if (j.unpaid) return "PENDING_PAYMENT";
    if (now < j.began + seed_.init) return "INIT";
    if (now < j.began + seed_.init + seed_.running) return "RUNNING";
    return seed_.servers.at(j.server).fails_with ? "FAIL" : "SUCCESS";
}

// The job that holds a server, so that another command has to wait.
const cloud::job* cloud::open_job(const std::string& id, time now) const {
    for (const auto& [key, j] : jobs_) {
        const auto state = state_of(j, now);
        if (j.server == id && (state == "INIT" || state == "RUNNING")) return &j;
    }
    return nullptr;
}

// Brings a server to where its finished jobs left it.
void cloud::settle(const std::string& id, time now) {
    for (auto& [key, j] : jobs_) {
        if (j.server == id && state_of(j, now) == "SUCCESS" && !j.flavor_after.empty()) {
            seed_.servers.at(id).flavor = j.flavor_after;
            j.flavor_after.clear();
        }
    }
}

answer cloud::show_job(const std::string& id, const std::string& project, time now) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || found->second.project != project)
        return {400, json::serialize(json::object{{"message", "The job ID is invalid."}, {"code", "Common.0011"}})};
    const job& j = found->second;
    const std::string state = state_of(j, now);
    const bool ended = state == "SUCCESS" || state == "FAIL";
    const auto& fails = seed_.servers.at(j.server).fails_with;
    json::object body{{"status", state},
                      {"job_id", id},
                      {"job_type", "resizeServer"},
                      {"begin_time", rfc3339(j.began)},
                      {"end_time", ended ? rfc3339(j.began + seed_.init + seed_.running) : ""},
                      {"entities", json::object{{"server_id", j.server}}}};
    body["error_code"] = state == "FAIL" ? json::value(*fails) : json::value(nullptr);
    body["fail_reason"] =
        state == "FAIL" ? json::value("the resize failed, as the seed wants it") : json::value(nullptr);
    return {200, json::serialize(body)};
}

answer cloud::show_server(const std::string& id, time now) {
    const server& s = seed_.servers.at(id);
    const bool resizing = open_job(id, now) != nullptr;
    const flavor& f = seed_.flavors.at(s.flavor);
    json::object body{
        {"id", id},
        {"name", s.name},
        {"status", resizing ? "RESIZE" : s.status},
        {"tenant_id", s.project},
        {"locked", s.locked},
        {"flavor",
         json::object{{"id", s.flavor}, {"name", s.flavor}, {"vcpus", f.vcpus}, {"ram", f.ram}, {"disk", "0"}}},
        {"metadata", json::object{{"charging_mode", s.charging_mode}}}};
    body["OS-EXT-STS:vm_state"] = s.status == "SHUTOFF" ? "stopped" : "active";
    body["OS-EXT-STS:task_state"] = resizing ? json::value("resize_migrating") : json::value(nullptr);
    body["OS-EXT-STS:power_state"] = s.status == "SHUTOFF" ? 4 : 1;
    return {200, json::serialize(json::object{{"server", body}})};
}

answer cloud::list_flavors(const call& what, time) {
    if (what.query.empty()) return error(400, "Ecs.0005", "Invalid parameter values.");
    json::array flavors;
    for (const auto& [id, f] : seed_.flavors)
        flavors.push_back(json::object{{"id", id}, {"name", id}, {"vcpus", f.vcpus}, {"ram", std::stoi(f.ram)}});
    return {200, json::serialize(json::object{{"flavors", flavors}})};
}

const fault* cloud::fault_of(const std::string& path) const {
    static const std::regex server_path("/v1(?:\\.1)?/[^/]+/cloudservers/([^/]+)(?:/resize)?");
    std::smatch m;
    if (!std::regex_match(path, m, server_path)) return nullptr;
    const auto found = seed_.servers.find(m[1]);
    return found == seed_.servers.end() ? nullptr : &found->second.wrong;
}

std::string cloud::next_id() {
    std::array<char, 33> id{};
    std::snprintf(id.data(), id.size(), "ff80808288d41e1b018990260955%04lx", ++issued_);
    return id.data();
}

}  // namespace simulator
