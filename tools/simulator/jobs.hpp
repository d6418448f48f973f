#pragma once
// A resize as the cloud carries it out: a job, and an order where the server is prepaid. Their states follow from the
// time. Source: ECS API reference, "Querying the Task Execution Status"; billing API reference, "Querying Orders".

#include <chrono>
#include <optional>
#include <string>

namespace simulator {

using time_point = std::chrono::system_clock::time_point;

enum class job_end { success, fail, never };  // never: the job stays RUNNING

// How a resize goes that begins from now on.
struct course {
    std::chrono::milliseconds init{500}, running{1000};  // how long the job stays so
    job_end end = job_end::success;
    std::string code;                  // of a job that fails
    bool pays = true;                  // false: an order that should pay itself stays unpaid
    std::chrono::milliseconds lag{0};  // how old is what the server shows of itself
};

enum class job_state { init, running, pending_payment, success, fail };

struct job {
    std::string server, project;
    std::string flavor;  // of the server after it
    std::string order;   // empty: pay-per-use
    course goes;
    time_point began;
    std::optional<time_point> started{};    // absent: its order waits to be paid
    std::optional<time_point> ended{};      // when a test ended it
    std::optional<std::string> shown_as{};  // the status that a test wants instead
};

[[nodiscard]] job_state state_of(const job& j, time_point now);
// Absent when that is not known.
[[nodiscard]] std::optional<time_point> end_of(const job& j);
// INIT, RUNNING, PENDING_PAYMENT, SUCCESS, FAIL, or what a test wants instead.
[[nodiscard]] std::string status_of(const job& j, time_point now);

struct order {
    std::string id, account, project, server, job;
    std::string flavor_before, flavor;
    double amount = 0;
    std::string currency;
    time_point created, expires;  // unpaid, it is cancelled then
    std::optional<time_point> paid{}, cancelled{};
    std::optional<int> shown_as{};  // the status that a test wants instead
};

// 3 in progress, 4 cancelled, 5 done, 6 waits to be paid, or what a test wants instead. `work` is its job, nullptr when
// that is no longer kept.
[[nodiscard]] int status_of(const order& o, const job* work, time_point now);
[[nodiscard]] bool waits(const order& o, time_point now);

}  // namespace simulator
