#pragma once
// A change between its record and what became of it. The ledger never has more than is true: when the call is cut off
// in between (by the end of a drain, or an exception), it learns that nothing was sent, or that nobody knows.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gateway/ledger/writes.hpp"
#include "gateway/ledger_client/ledger_client.hpp"

namespace gateway::pipeline {

class open_change {
public:
    // `timeout`: timeouts.ledger.
    open_change(ledger::ledger_client& client, ledger::change_request request, std::chrono::milliseconds timeout);
    ~open_change() { close(); }
    open_change(const open_change&) = delete;
    open_change& operator=(const open_change&) = delete;

    // Asks for the record, once more where the first was refused. Durable after `recorded`. A record that comes to be
    // though its call was told otherwise, or is gone, becomes not_sent.
    [[nodiscard]] task<ledger::record_result> record();
    // Whether more time than `timeout` has passed since the record was asked for, by the clock that goes on while the
    // machine is suspended: then somebody may have looked and found nothing, and nothing may be sent any more.
    [[nodiscard]] bool is_late() const noexcept;

    // From here on a byte may leave.
    void on_sending() noexcept { phase_ = phase::sending; }
    // Recorded, and given up before the first byte.
    void give_up(std::string reason);
    // Sent or maybe sent, without a whole answer.
    void lose(std::string reason);
    // A whole answer: waits for its record, at most `timeout`; beyond, the record follows. False then.
    [[nodiscard]] task<bool> finish(ledger::state meaning, const ledger::kept_answer& answer,
                                    const ledger::facts& learnt);

    // The call ends. The state that the change is left in, where its call did not get so far as to say.
    std::optional<ledger::state> close() noexcept;

private:
    enum class phase { unrecorded, recorded, sending, over };

    ledger::ledger_client& client_;
    std::shared_ptr<const ledger::change_request> request_;
    std::chrono::milliseconds timeout_;
    phase phase_ = phase::unrecorded;
    std::chrono::nanoseconds asked_{0};  // CLOCK_BOOTTIME
};

// The time since the machine was started, suspension included: clock_gettime(2), CLOCK_BOOTTIME.
[[nodiscard]] std::chrono::nanoseconds time_since_boot() noexcept;

[[nodiscard]] ledger::instant ledger_time() noexcept;

}  // namespace gateway::pipeline
