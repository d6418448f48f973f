#pragma once
// Writes under claims. One that fails leaves its change to nobody until the lease ends, unless the next claim says so.

#include <atomic>
#include <memory>
#include <type_traits>
#include <utility>

#include "gateway/ledger_client/ledger_client.hpp"

namespace gateway::follow {

class claim_writer {
public:
    explicit claim_writer(ledger::ledger_client& ledger) : ledger_(ledger) {}

    template <class Write>
    void submit(Write write) {
        ledger_.submit(std::move(write), [failed = failed_](const typename Write::result& result) {
            if (has_failed(result)) failed->store(true);
        });
    }
    void note_failure() { failed_->store(true); }
    // Whether a write failed since the last time.
    [[nodiscard]] bool take_failure() { return failed_->exchange(false); }

private:
    template <class Result>
    static bool has_failed(const Result& result) {
        if (!result) return true;
        // Claimed anew while it was looked at, maybe by this gateway, which looks once at a time.
        if constexpr (std::is_same_v<Result, ledger::outcome<ledger::moved>>)
            return result->result == ledger::moved::fate::fenced_off;
        else
            return false;
    }

    ledger::ledger_client& ledger_;
    std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace gateway::follow
