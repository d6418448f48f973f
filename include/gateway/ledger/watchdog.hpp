#pragma once
// Ends requests at their deadlines, also while the database thread hangs.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/ledger/pending.hpp"

namespace gateway::ledger {

class watchdog {
public:
    // Why a request ends that reached its deadline. Called on the watchdog's thread.
    using explain = std::function<unavailable()>;

    explicit watchdog(explain callback);
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    void watch(std::shared_ptr<pending> request);

private:
    void run();
    [[nodiscard]] std::vector<std::shared_ptr<pending>> take_expired(std::chrono::steady_clock::time_point now);

    explain explain_;
    std::mutex lock_;
    std::condition_variable woken_;
    std::vector<std::shared_ptr<pending>> watched_;
    std::size_t sweep_at_;  // so many watched requests: those that were answered are thrown out
    std::chrono::steady_clock::time_point next_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace gateway::ledger
