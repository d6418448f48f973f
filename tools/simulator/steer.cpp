// What a test turns in ECS while it runs. No part of the cloud itself.

#include "cloud.hpp"

namespace simulator {

// Of the servers whose resizes fail by the seed.
void cloud::set_own_courses() {
    courses_.clear();
    for (const auto& [id, s] : seed_.servers) {
        if (!s.fails_with) continue;
        course own = course_;
        own.end = job_end::fail;
        own.code = *s.fails_with;
        courses_[id] = own;
    }
}

bool cloud::set_course(const std::string& server, const course& goes) {
    const std::lock_guard held(lock_);
    if (server.empty()) {
        course_ = goes;
        set_own_courses();
        return true;
    }
    if (seed_.servers.count(server) == 0) return false;
    courses_[server] = goes;
    return true;
}

bool cloud::change_job(const std::string& id, const job_change& change, time now) {
    const std::lock_guard held(lock_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return false;
    job& j = found->second;
    settle(j.server, now);
    if (change.shown_as) j.shown_as = change.shown_as;
    if (change.end) {
        if (const job_state at = state_of(j, now); at == job_state::success || at == job_state::fail) return false;
        j.goes.end = *change.end;
        j.goes.code = change.code;
        j.ended.reset();
        if (*change.end != job_end::never) {
            j.ended = now;
            if (!j.started) open_[j.server].push_back(id);  // unpaid, it was not among them
        }
        settle(j.server, now);
    }
    if (change.gone) jobs_.erase(found);
    return true;
}

bool cloud::change_server(const std::string& id, const server_change& change, time now) {
    const std::lock_guard held(lock_);
    const auto found = seed_.servers.find(id);
    if (found == seed_.servers.end() || (change.flavor && seed_.flavors.count(*change.flavor) == 0)) return false;
    settle(id, now);
    server& s = found->second;
    if (change.flavor) {
        s.flavor = *change.flavor;
        pasts_.erase(id);
    }
    if (change.status) s.status = *change.status;
    if (change.charging_mode) s.charging_mode = *change.charging_mode;
    if (change.locked) s.locked = *change.locked;
    if (change.task_state) {
        task_states_.erase(id);
        if (!change.task_state->empty()) task_states_[id] = *change.task_state;
    }
    return true;
}

bool cloud::change_order(const std::string& id, const order_change& change) {
    const std::lock_guard held(lock_);
    const auto found = orders_.find(id);
    if (found == orders_.end() || (change.account && seed_.accounts.count(*change.account) == 0)) return false;
    if (change.shown_as) found->second.shown_as = change.shown_as;
    if (change.amount) found->second.amount = *change.amount;
    if (change.account) found->second.account = *change.account;
    return true;
}

void cloud::set_terms(const order_terms& terms) {
    const std::lock_guard held(lock_);
    seed_.billing.terms = terms;
}

std::vector<cloud::known_server> cloud::servers(time now) {
    std::vector<known_server> all;
    const std::lock_guard held(lock_);
    for (const auto& [id, s] : seed_.servers) {
        settle(id, now);
        all.push_back({id, s.project, seed_.projects.at(s.project).account, s.flavor, s.status, is_busy(id, now)});
    }
    return all;
}

}  // namespace simulator
