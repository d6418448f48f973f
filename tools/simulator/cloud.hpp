#pragma once
// ECS behind the gate: servers, flavors, resizes and their jobs. Source: ECS API reference, "Modifying the
// Specifications of an ECS (v1.1)", "Querying the Task Execution Status", "Querying Details About an ECS", "Error
// Codes".

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "call.hpp"
#include "seed.hpp"

namespace simulator {

class cloud {
public:
    using time = std::chrono::system_clock::time_point;

    explicit cloud(seed from) : seed_(std::move(from)) {}

    // The answer to a call that `account` signed. Thread-safe.
    [[nodiscard]] answer handle(const call& what, const std::string& account, time now);

    // What goes wrong with calls of that path, nullptr when nothing does.
    [[nodiscard]] const fault* fault_of(const std::string& path) const;
    [[nodiscard]] const std::map<std::string, access_key>& keys() const { return seed_.keys; }

private:
    struct job {
        std::string server, project, flavor_before, flavor_after, status_before;
        time began;
        bool unpaid = false;
    };

    [[nodiscard]] answer resize(const call& what, const std::string& account, const std::string& id, bool v1, time now);
    [[nodiscard]] answer show_job(const std::string& id, const std::string& project, time now);
    [[nodiscard]] answer show_server(const std::string& id, time now);
    [[nodiscard]] answer list_flavors(const call& what, time now);
    [[nodiscard]] std::string state_of(const job& j, time now) const;
    [[nodiscard]] const job* open_job(const std::string& server, time now) const;
    void settle(const std::string& server, time now);
    [[nodiscard]] std::string next_id();

    seed seed_;
    std::mutex lock_;
    std::map<std::string, job> jobs_;
    unsigned long issued_ = 0;
};

}  // namespace simulator
