#include "cloud.hpp"

#include <array>
#include <boost/json.hpp>
#include <cstdio>

#include "resize_body.hpp"

namespace simulator {

namespace json = boost::json;

answer error(unsigned status, const std::string& code, const std::string& message, const std::string& detail) {
    json::object inner{{"code", code}, {"message", message}};
    if (!detail.empty()) inner["details"] = json::array{json::object{{"code", code}, {"message", detail}}};
    return {status, json::serialize(json::object{{"error", inner}})};
}

namespace {

answer no_such_api(const std::string& request_id) {
    return {404, json::serialize(
                     json::object{{"error_msg", "The API does not exist or has not been published in the environment."},
                                  {"error_code", "APIGW.0101"},
                                  {"request_id", request_id}})};
}

std::string job_id(unsigned long number) {
    std::array<char, 33> id{};
    std::snprintf(id.data(), id.size(), "ff80808288d41e1b%016lx", number);
    return id.data();
}

std::string order_id(unsigned long number) {
    std::array<char, 32> id{};
    std::snprintf(id.data(), id.size(), "CS26112310%07lu", number);
    return id.data();
}

}  // namespace

answer cloud::handle(const call& what, const caller& who, time now) {
    const route to = read_route(what.method, what.path);
    if (to.of == route::api::none) return no_such_api(what.request_id);

    const std::lock_guard held(lock_);
    bool allowed = who.for_projects && (who.project.empty() || who.project == to.project);
    for (const auto& named : header_values(what, "x-project-id"))
        allowed = allowed && named == to.project;
    const auto project = seed_.projects.find(to.project);
    if (!allowed || project == seed_.projects.end() || project->second.account != who.account)
        return error(400, "Ecs.0023", "project_id in token mismatches with project_id in url.");

    if (to.of == route::api::show_job) return show_job(to.id, to.project, now);
    if (to.of == route::api::list_flavors) return list_flavors(what.query, to.project);
    const auto server = seed_.servers.find(to.id);
    if (server == seed_.servers.end() || server->second.project != to.project)
        return error(404, "Ecs.0114", "The ECS does not exist.");
    if (server->second.wrong.status) return {*server->second.wrong.status, server->second.wrong.body};
    settle(to.id, now);
    return to.of == route::api::resize ? resize(what, to, who.account, now) : show_server(to.id, now);
}

answer cloud::resize(const call& what, const route& to, const std::string& account, time now) {
    const server& s = seed_.servers.at(to.id);
    if (what.body.empty()) return error(400, "Common.0002", "The request body is empty.");
    const auto body = read_resize_body(what.body);
    if (const auto* wrong = std::get_if<std::string>(&body))
        return error(400, "Ecs.0005", "Invalid parameter values.", *wrong);
    const wish& wanted = std::get<wish>(body);

    if (seed_.accounts.at(account).partner_forbidden)
        return error(403, "Ecs.0068", "This operation cannot be performed by partners.");
    if (is_busy(to.id, now)) return error(501, "Ecs.0603", "Other commands are being executed. Try again later.");
    if (s.locked) return error(400, "Ecs.0605", "The ECS is locked.");
    if (s.charging_mode == "2") return error(400, "Ecs.0704", "A spot ECS cannot be resized.");
    const bool prepaid = s.charging_mode == "1";
    if (to.v1 && prepaid) return error(400, "Ecs.0005", "A yearly/monthly ECS is resized by the v1.1 API.");
    const auto target = seed_.flavors.find(wanted.flavor);
    if (target == seed_.flavors.end())
        return error(400, "Ecs.0029", "The flavor does not exist or has been withdrawn.");
    if (target->second.sold_out) return error(400, "Ecs.0018", "The flavor has been sold out.");
    if (wanted.flavor == s.flavor) return error(400, "Ecs.0810", "The ECS flavor is the same as the target flavor.");
    if (s.status != "SHUTOFF" && !wanted.stop)
        return error(400, "Ecs.0100",
                     "The ECS status does not meet requirements. Make the ECS in the required status and try again.");
    if (prepaid && wanted.pay && !seed_.accounts.at(account).balance_ok)
        return error(403, "Ecs.0067", "The account balance is too low.");
    if (wanted.dry) return {202, "{}"};
    return start_job(to.id, wanted.flavor, prepaid && !wanted.pay, now);
}

answer cloud::start_job(const std::string& server, const std::string& flavor, bool unpaid, time now) {
    const auto& s = seed_.servers.at(server);
    const std::string id = job_id(++issued_);
    jobs_[id] = {server, s.project, flavor, now, unpaid};
    latest_[server] = id;
    json::object body;
    if (s.charging_mode == "1") body["order_id"] = order_id(issued_);
    if (s.charging_mode != "1" || !seed_.order_without_job) body["job_id"] = id;
    return {200, json::serialize(body)};
}

cloud::state cloud::state_of(const job& j, time now) const {
    if (j.unpaid) return state::pending_payment;
    if (now < j.began + seed_.init) return state::init;
    if (now < j.began + seed_.init + seed_.running) return state::running;
    return seed_.servers.at(j.server).fails_with ? state::fail : state::success;
}

// Whether a job holds the server, so that another command has to wait.
bool cloud::is_busy(const std::string& server, time now) const {
    const auto last = latest_.find(server);
    if (last == latest_.end()) return false;
    const state at = state_of(jobs_.at(last->second), now);
    return at == state::init || at == state::running;
}

// Brings a server to where its last job left it.
void cloud::settle(const std::string& server, time now) {
    const auto last = latest_.find(server);
    if (last == latest_.end()) return;
    const job& j = jobs_.at(last->second);
    if (state_of(j, now) == state::success) seed_.servers.at(server).flavor = j.flavor_after;
}

const fault* cloud::fault_of(const call& what) const {
    const route to = read_route(what.method, what.path);
    if (to.of != route::api::resize && to.of != route::api::show_server) return nullptr;
    const auto found = seed_.servers.find(to.id);
    return found == seed_.servers.end() ? nullptr : &found->second.wrong;
}

}  // namespace simulator
