#include "cloud.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>

namespace simulator {

namespace json = boost::json;

answer error(unsigned status, const std::string& code, const std::string& message, const std::string& detail) {
    json::object inner{{"code", code}, {"message", message}};
    if (!detail.empty()) inner["details"] = json::array{json::object{{"code", code}, {"message", detail}}};
    return {status, json::serialize(json::object{{"error", inner}})};
}

answer flat_error(unsigned status, const std::string& code, const std::string& message) {
    return {status, json::serialize(json::object{{"error_code", code}, {"error_msg", message}})};
}

namespace {

// As many as any test has use for: with half a KiB for each, some 50 MiB at most.
constexpr std::size_t max_kept = 100'000;

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

cloud::cloud(const seed& from) : seed_(from), course_(from.goes) { set_own_courses(); }

bool cloud::may_use(const caller& who, const std::string& project, const call& what) const {
    if (!who.for_projects || (!who.project.empty() && who.project != project)) return false;
    for (const auto& named : header_values(what, "x-project-id")) {
        if (named != project) return false;
    }
    const auto known = seed_.projects.find(project);
    return known != seed_.projects.end() && known->second.account == who.account;
}

answer cloud::handle(const call& what, const caller& who, time now) {
    const route asked = read_route(what.method, what.path);
    if (asked.from != service::ecs) return no_such_api(what.request_id);
    const std::lock_guard held(lock_);
    if (!may_use(who, asked.project, what))
        return error(400, "Ecs.0023", "project_id in token mismatches with project_id in url.");
    if (asked.to == api::show_job) return show_job(asked.id, asked.project, now);
    if (asked.to == api::list_flavors) return list_flavors(what.query, asked.project);
    const auto server = seed_.servers.find(asked.id);
    if (server == seed_.servers.end() || server->second.project != asked.project)
        return error(404, "Ecs.0114", "The ECS does not exist.");
    if (server->second.wrong.status) return {*server->second.wrong.status, server->second.wrong.body};
    settle(asked.id, now);
    return asked.to == api::resize ? resize(what, asked, who.account, now) : show_server(asked.id, now);
}

answer cloud::resize(const call& what, const route& asked, const std::string& account, time now) {
    const server& s = seed_.servers.at(asked.id);
    if (what.body.empty()) return error(400, "Common.0002", "The request body is empty.");
    const auto body = read_resize_body(what.body);
    if (const auto* wrong = std::get_if<std::string>(&body))
        return error(400, "Ecs.0005", "Invalid parameter values.", *wrong);
    const wish& wanted = std::get<wish>(body);

    if (seed_.accounts.at(account).partner_forbidden)
        return error(403, "Ecs.0068", "This operation cannot be performed by partners.");
    if (is_busy(asked.id, now)) return error(501, "Ecs.0603", "Other commands are being executed. Try again later.");
    if (s.locked) return error(400, "Ecs.0605", "The ECS is locked.");
    if (s.charging_mode == "2") return error(400, "Ecs.0704", "A spot ECS cannot be resized.");
    const bool prepaid = s.charging_mode == "1";
    if (asked.v1 && prepaid) return error(400, "Ecs.0005", "A yearly/monthly ECS is resized by the v1.1 API.");
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
    return start_job(asked.id, wanted, account, now);
}

answer cloud::start_job(const std::string& server, const wish& wanted, const std::string& account, time now) {
    const auto& s = seed_.servers.at(server);
    const bool prepaid = s.charging_mode == "1";
    const std::string id = job_id(++issued_);
    job made{server, s.project, wanted.flavor, prepaid ? order_id(issued_) : "", course_of(server), now};
    const bool paid = !prepaid || (wanted.pay && made.goes.pays);
    if (paid) {
        made.started = now;
        open_[server].push_back(id);
    }
    json::object body;
    if (prepaid) {
        const auto& terms = seed_.billing.terms;
        order bought{made.order,
                     account,
                     s.project,
                     server,
                     id,
                     s.flavor,
                     wanted.flavor,
                     terms.amount,
                     terms.currency,
                     now,
                     now + terms.pay_within};
        if (paid)
            bought.paid = now;
        else
            unpaid_[server].push_back(made.order);
        orders_[made.order] = bought;
        if (orders_.size() > max_kept) orders_.erase(orders_.begin());
        body["order_id"] = made.order;
    }
    if (!prepaid || !seed_.order_without_job) body["job_id"] = id;
    jobs_[id] = std::move(made);
    if (jobs_.size() > max_kept) jobs_.erase(jobs_.begin());
    return {200, json::serialize(body)};
}

const course& cloud::course_of(const std::string& server) const {
    const auto own = courses_.find(server);
    return own == courses_.end() ? course_ : own->second;
}

// Whether a job holds the server, so that another command has to wait.
bool cloud::is_busy(const std::string& server, time now) const {
    const auto open = open_.find(server);
    if (open == open_.end()) return false;
    return std::any_of(open->second.begin(), open->second.end(), [&](const std::string& id) {
        const auto found = jobs_.find(id);
        if (found == jobs_.end()) return false;
        const job_state at = state_of(found->second, now);
        return at == job_state::init || at == job_state::running;
    });
}

// Brings a server to where its jobs left it.
void cloud::settle(const std::string& server, time now) {
    auto& open = open_[server];
    const auto has_ended = [&](const std::string& id) {
        const auto found = jobs_.find(id);
        if (found == jobs_.end()) return true;
        const job& j = found->second;
        const job_state at = state_of(j, now);
        if (at != job_state::success && at != job_state::fail) return false;
        auto& flavor = seed_.servers.at(server).flavor;
        pasts_[server] = {j, flavor};
        if (at == job_state::fail) return true;
        flavor = j.flavor;
        // The cloud cancels the other orders of a server whose specifications have changed.
        for (const auto& other : unpaid_[server]) {
            const auto waiting = orders_.find(other);
            if (waiting != orders_.end() && waits(waiting->second, *end_of(j))) waiting->second.cancelled = *end_of(j);
        }
        unpaid_.erase(server);
        return true;
    };
    open.erase(std::remove_if(open.begin(), open.end(), has_ended), open.end());
}

const fault* cloud::fault_of(const call& what) const {
    const route asked = read_route(what.method, what.path);
    if (asked.to != api::resize && asked.to != api::show_server) return nullptr;
    const auto found = seed_.servers.find(asked.id);
    return found == seed_.servers.end() ? nullptr : &found->second.wrong;
}

std::vector<cloud::priced> cloud::orders(time now, const std::function<bool(const order&)>& wanted) const {
    std::vector<priced> found;
    const std::lock_guard held(lock_);
    for (auto at = orders_.rbegin(); at != orders_.rend(); ++at) {
        const order& o = at->second;
        if (!wanted(o)) continue;
        const auto work = jobs_.find(o.job);
        found.push_back({o, status_of(o, work == jobs_.end() ? nullptr : &work->second, now)});
    }
    return found;
}

bool cloud::settle_order(const std::string& id, settlement how, time now) {
    const std::lock_guard held(lock_);
    const auto found = orders_.find(id);
    if (found == orders_.end()) return false;
    order& o = found->second;
    settle(o.server, now);
    if (!waits(o, now)) return false;
    if (how == settlement::cancel) o.cancelled = now;
    if (how == settlement::expire) o.expires = now;
    if (how != settlement::pay) return true;
    o.paid = now;
    if (const auto work = jobs_.find(o.job); work != jobs_.end()) {
        work->second.started = now;
        open_[o.server].push_back(o.job);
    }
    return true;
}

}  // namespace simulator
