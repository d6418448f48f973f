#pragma once
// ECS behind the gate: servers, flavors, resizes and their jobs. Source: ECS API reference, "Modifying the
// Specifications of an ECS (v1.1)", "Querying the Task Execution Status", "Querying Details About an ECS", "Error
// Codes".

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "call.hpp"
#include "route.hpp"
#include "seed.hpp"

namespace simulator {

class cloud {
public:
    using time = std::chrono::system_clock::time_point;

    explicit cloud(seed from) : seed_(std::move(from)) {}

    // The answer to a call that the gate let pass. Thread-safe.
    [[nodiscard]] answer handle(const call& what, const caller& who, time now);

    // What goes wrong with calls like that one, nullptr when nothing does. Thread-safe: faults never change.
    [[nodiscard]] const fault* fault_of(const call& what) const;

private:
    struct job {
        std::string server, project, flavor_after;
        time began;
        bool unpaid = false;
    };
    enum class state { init, running, pending_payment, success, fail };

    [[nodiscard]] answer resize(const call& what, const route& to, const std::string& account, time now);
    [[nodiscard]] answer start_job(const std::string& server, const std::string& flavor, bool unpaid, time now);
    [[nodiscard]] state state_of(const job& j, time now) const;
    [[nodiscard]] bool is_busy(const std::string& server, time now) const;
    void settle(const std::string& server, time now);

    // show.cpp
    [[nodiscard]] answer show_job(const std::string& id, const std::string& project, time now) const;
    [[nodiscard]] answer show_server(const std::string& id, time now) const;
    [[nodiscard]] answer list_flavors(const std::string& query, const std::string& project) const;

    seed seed_;
    std::mutex lock_;
    std::map<std::string, job> jobs_;
    std::map<std::string, std::string> latest_;  // server to its last job
    unsigned long issued_ = 0;
};

// An error in the shape of ECS; `detail`, unless empty, says more.
[[nodiscard]] answer error(unsigned status, const std::string& code, const std::string& message,
                           const std::string& detail = "");

}  // namespace simulator
