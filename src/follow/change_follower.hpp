#pragma once
// One look at one change: what is asked depends on its state, and each answer goes to the ledger.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "claim_writer.hpp"
#include "cloud_reader.hpp"
#include "gateway/follow/evidence.hpp"
#include "gateway/ledger_client/ledger_client.hpp"

namespace gateway::follow {

// A claim outlasts whatever can be asked under it.
[[nodiscard]] inline std::chrono::milliseconds lease_of(const config::timeouts& timeouts) noexcept {
    return 8 * (timeouts.upstream_connect + timeouts.upstream_response + timeouts.credential) + std::chrono::minutes(1);
}

using clock_skew = std::function<std::chrono::seconds(std::string_view region)>;

// Used on the follower's thread.
class change_follower {
public:
    change_follower(net::loop& loop, cloud_reader& reader, ledger::ledger_client& ledger, claim_writer& claims,
                    clock_skew skew)
        : loop_(loop), reader_(reader), ledger_(ledger), claims_(claims), skew_(std::move(skew)) {}

    // Of a change that has not ended: whether there is nothing to ask the cloud now. Then it has ended, or is put off.
    [[nodiscard]] bool handle_without_asking(const ledger::claimed& one);
    // Else.
    [[nodiscard]] task<> look(const ledger::claimed& one);

private:
    // look_for_job.cpp
    [[nodiscard]] task<> look_for_job(const ledger::claimed& one, const account_access& access);
    [[nodiscard]] task<> look_for_order(const ledger::claimed& one, const account_access& access);
    [[nodiscard]] task<bool> settle_by_server(const ledger::claimed& one, const account_access& access,
                                              std::string reason, ledger::facts learnt);
    [[nodiscard]] task<std::optional<order>> ask_for_order(const ledger::change& change, const account_access& access);
    // look_for_evidence.cpp
    [[nodiscard]] task<> look_for_evidence(const ledger::claimed& one, const account_access& access);
    [[nodiscard]] task<finding> look_at_traces(const ledger::change& change, const account_access& access);
    [[nodiscard]] task<finding> find_trace(const ledger::change& change, const account_access& access,
                                           time_window window, const id_check& is_of_another);
    [[nodiscard]] task<bool> is_trace_visible(const ledger::change& change, const account_access& access);
    [[nodiscard]] task<finding> look_at_server(const ledger::change& change, const account_access& access,
                                               std::optional<bool>& is_prepaid);
    [[nodiscard]] task<finding> look_at_orders(const ledger::change& change, const account_access& access);
    [[nodiscard]] task<std::optional<std::vector<ledger::change>>> list_changes(ledger::list_filter filter);
    [[nodiscard]] time_window window_of(const ledger::change& change, const account_access& access) const;
    void conclude(const ledger::claimed& one, std::vector<ledger::evidence_entry> evidence, bool maybe_prepaid,
                  bool has_token);

    // change_follower.cpp
    struct settlement {
        ledger::state to;
        ledger::cause cause = ledger::cause::following;
        ledger::facts learnt{};
        std::string evidence{}, detail{};
    };
    void settle(const ledger::claimed& one, settlement end);
    void put_off(const ledger::claimed& one, ledger::instant due);
    void note_status(const ledger::claimed& one, std::string status);
    [[nodiscard]] std::chrono::microseconds settle_after() const;

    net::loop& loop_;
    cloud_reader& reader_;
    ledger::ledger_client& ledger_;
    claim_writer& claims_;
    clock_skew skew_;
    std::map<std::string, ledger::instant, std::less<>> visible_until_;  // by project: traces are shown there
};

[[nodiscard]] inline ledger::instant ledger_now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace gateway::follow
