#pragma once
// ECS behind the gate: servers, flavors, resizes, their jobs and orders. Source: ECS API reference, "Modifying the
// Specifications of an ECS (v1.1)", "Querying the Task Execution Status", "Querying Details About an ECS", "Error
// Codes".

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "call.hpp"
#include "jobs.hpp"
#include "resize_body.hpp"
#include "route.hpp"
#include "seed.hpp"

namespace simulator {

// Thread-safe.
class cloud {
public:
    using time = time_point;

    explicit cloud(const seed& from);

    // The answer to a call that the gate let pass.
    [[nodiscard]] answer handle(const call& what, const caller& who, time now);
    // Whether a caller that the gate let pass may use a project; a project that the call names has to be the same.
    [[nodiscard]] bool may_use(const caller& who, const std::string& project, const call& what) const;
    // What goes wrong with calls like that one, nullptr when nothing does.
    [[nodiscard]] const fault* fault_of(const call& what) const;

    // The answer to a look at a job, absent while the job has not ended; `end` becomes the time when it did.
    [[nodiscard]] std::optional<answer> show_ended_job(const std::string& id, time now, time& end) const;

    // The orders that `wanted` wants, the latest first, each with its status.
    struct priced {
        order what;
        int status;
    };
    [[nodiscard]] std::vector<priced> orders(time now, const std::function<bool(const order&)>& wanted) const;
    enum class settlement { pay, cancel, expire };
    // False when no order of that id waits to be paid.
    [[nodiscard]] bool settle_order(const std::string& id, settlement how, time now);

    // steer.cpp: what a test turns. Each is false when there is no such thing.

    // How the resizes of a server go from now on; of every server where `server` is empty, save those that fail by the
    // seed.
    [[nodiscard]] bool set_course(const std::string& server, const course& goes);
    // How they go unless a test turns that.
    [[nodiscard]] const course& usual_course() const { return seed_.goes; }
    struct job_change {
        std::optional<job_end> end;  // never: from now on it does not
        std::string code;
        std::optional<std::string> shown_as;
        bool gone = false;
    };
    [[nodiscard]] bool change_job(const std::string& id, const job_change& change, time now);
    struct server_change {
        std::optional<std::string> flavor, status, task_state, charging_mode;  // an empty task_state is again its own
        std::optional<bool> locked;
    };
    [[nodiscard]] bool change_server(const std::string& id, const server_change& change, time now);
    struct order_change {
        std::optional<int> shown_as;
        std::optional<double> amount;
        std::optional<std::string> account;  // another customer's from now on
    };
    [[nodiscard]] bool change_order(const std::string& id, const order_change& change);
    // What the orders cost that are made from now on.
    void set_terms(const order_terms& terms);
    struct known_server {
        std::string id, project, account, flavor, status;  // as they are, not as they are shown
        bool busy;
    };
    [[nodiscard]] std::vector<known_server> servers(time now);

private:
    // The last resize of a server that ended, which a server that lags still shows.
    struct past {
        job last;
        std::string flavor_before;
    };

    [[nodiscard]] answer resize(const call& what, const route& asked, const std::string& account, time now);
    [[nodiscard]] answer start_job(const std::string& server, const wish& wanted, const std::string& account, time now);
    [[nodiscard]] const course& course_of(const std::string& server) const;
    [[nodiscard]] bool is_busy(const std::string& server, time now) const;
    void settle(const std::string& server, time now);
    void set_own_courses();  // steer.cpp

    // show.cpp
    [[nodiscard]] answer show_job(const std::string& id, const std::string& project, time now) const;
    [[nodiscard]] answer show_server(const std::string& id, time now) const;
    [[nodiscard]] answer list_flavors(const std::string& query, const std::string& project) const;

    mutable std::mutex lock_;
    seed seed_;
    std::map<std::string, job> jobs_;                         // ids rise, so the first is the oldest
    std::map<std::string, order> orders_;                     // likewise
    std::map<std::string, std::vector<std::string>> open_;    // server to its jobs that have not ended
    std::map<std::string, std::vector<std::string>> unpaid_;  // server to its orders that waited
    std::map<std::string, past> pasts_;
    std::map<std::string, course> courses_;  // of servers that have their own
    std::map<std::string, std::string> task_states_;
    course course_;
    unsigned long issued_ = 0;
};

// An error in the shape of ECS; `detail`, unless empty, says more.
[[nodiscard]] answer error(unsigned status, const std::string& code, const std::string& message,
                           const std::string& detail = "");
// An error in the shape of API Gateway, billing and Cloud Trace Service.
[[nodiscard]] answer flat_error(unsigned status, const std::string& code, const std::string& message);

}  // namespace simulator
