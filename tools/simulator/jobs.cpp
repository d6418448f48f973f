#include "jobs.hpp"

namespace simulator {

std::optional<time_point> end_of(const job& j) {
    if (j.ended) return j.ended;
    if (!j.started || j.goes.end == job_end::never) return std::nullopt;
    return *j.started + j.goes.init + j.goes.running;
}

job_state state_of(const job& j, time_point now) {
    const auto end = end_of(j);
    if (end && now >= *end) return j.goes.end == job_end::fail ? job_state::fail : job_state::success;
    if (!j.started) return job_state::pending_payment;
    return now < *j.started + j.goes.init ? job_state::init : job_state::running;
}

std::string status_of(const job& j, time_point now) {
    if (j.shown_as) return *j.shown_as;
    switch (state_of(j, now)) {
        case job_state::init:
            return "INIT";
        case job_state::running:
            return "RUNNING";
        case job_state::pending_payment:
            return "PENDING_PAYMENT";
        case job_state::success:
            return "SUCCESS";
        case job_state::fail:
            break;
    }
    return "FAIL";
}

bool waits(const order& o, time_point now) { return !o.paid && !o.cancelled && now < o.expires; }

int status_of(const order& o, const job* work, time_point now) {
    constexpr int in_progress = 3, cancelled = 4, done = 5, unpaid = 6;
    if (o.shown_as) return *o.shown_as;
    if (waits(o, now)) return unpaid;
    if (!o.paid) return cancelled;
    const auto end = work == nullptr ? o.paid : end_of(*work);
    return end && now >= *end ? done : in_progress;
}

}  // namespace simulator
