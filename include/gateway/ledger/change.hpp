#pragma once
// The states of a change (a call that changes something at the cloud), the arrows between them, and how long a resize
// holds its server. Pure: the stores apply these rules, and have none of their own.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gateway::ledger {

using instant = std::chrono::sys_time<std::chrono::microseconds>;

enum class state : std::uint8_t {
    sending,           // recorded durably; the request may be on its way
    unknown,           // sent or maybe sent, and no answer shows its result
    accepted,          // the cloud began a job
    awaiting_payment,  // an order waits to be paid, or cannot be read
    succeeded,
    failed,
    cancelled,    // the order was cancelled, or expired unpaid
    refused,      // the cloud answered, and nothing was done
    not_applied,  // was unknown, and evidence shows that nothing was done
    not_sent,     // given up before the first byte
    not_known,    // can't be found out any more
};
inline constexpr std::array all_states{
    state::sending,   state::unknown, state::accepted,    state::awaiting_payment, state::succeeded, state::failed,
    state::cancelled, state::refused, state::not_applied, state::not_sent,         state::not_known,
};

// As every answer, file and command spells it: "awaiting_payment".
[[nodiscard]] std::string_view name(state s) noexcept;
[[nodiscard]] std::optional<state> read_state(std::string_view text) noexcept;

[[nodiscard]] bool has_ended(state s) noexcept;
// Whether its servers count for a rule's rate.
[[nodiscard]] bool counts_for_rate(state s) noexcept;
// Whether a repeat with its Idempotency-Key, or with its signature, is still the same change.
[[nodiscard]] bool keeps_key(state s) noexcept;
[[nodiscard]] bool keeps_signature(state s) noexcept;

// The cause of a change's new state.
enum class cause : std::uint8_t {
    exchange,     // its own call to the cloud, or that the process which made it is gone
    late_answer,  // a whole answer of the cloud that came after the change had left `sending`
    evidence,     // what traces, orders and the server say of an unknown one, or that the time for it is over
    following,    // its job and order
    operators,    // a person, by the command line
};
inline constexpr std::array all_causes{cause::exchange, cause::late_answer, cause::evidence, cause::following,
                                       cause::operators};

enum class arrow : std::uint8_t {
    none,
    plain,
    contradiction,  // an end that was believed was none: for the history, a metric and an alert
};

// The arrow from one state to another for that cause. `ended_by_operator`: `from` is the end that a person gave it.
[[nodiscard]] arrow find_arrow(state from, bool ended_by_operator, state to, ledger::cause cause) noexcept;

// One look at the server of an unknown resize.
struct look {
    instant time;
    bool untouched = false;  // another flavor than the one asked for, and no task_state
};

// What decides how long a resize holds its server.
struct hold_facts {
    state current = state::sending;
    bool was_released = false;      // has ended or awaited payment before, or another change took the server over
    instant begun;                  // when the sending began
    instant last_good_answer;       // accepted: of the resize, or the last that told how its job stands
    std::span<const look> looks{};  // unknown: oldest first
    bool maybe_prepaid = true;      // prepaid, or not known
    bool order_denies = false;      // the orders were read, and none is this change's
    bool got_4xx = false;           // a whole answer with a status of 400 to 499
    std::chrono::microseconds settle_after{};  // the first look counts no earlier after `begun`
};

struct hold {
    enum class kind : std::uint8_t { none, until, open };
    kind type = kind::none;
    instant until;  // for kind::until
    bool operator==(const hold&) const = default;
};

// How long an accepted change holds on after the last good answer about its job.
inline constexpr auto accepted_hold = std::chrono::minutes(10);
// When the second look at the server of an unknown resize counts, after the sending.
inline constexpr auto second_look = std::chrono::minutes(5);

[[nodiscard]] hold find_hold(const hold_facts& facts) noexcept;

}  // namespace gateway::ledger
