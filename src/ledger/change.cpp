#include "gateway/ledger/change.hpp"

namespace gateway::ledger {

namespace {

constexpr std::array<std::string_view, all_states.size()> names{
    "sending",   "unknown", "accepted",    "awaiting_payment", "succeeded", "failed",
    "cancelled", "refused", "not_applied", "not_sent",         "not_known",
};

using states = std::uint16_t;  // a bit for each

template <class... State>
constexpr states set(State... each) {
    return static_cast<states>((0U | ... | (1U << static_cast<unsigned>(each))));
}

constexpr bool contains(states all, state one) { return (all & set(one)) != 0; }

constexpr states open_states = set(state::sending, state::unknown, state::accepted, state::awaiting_payment);

struct row {
    ledger::cause cause;
    states from, to;
};

// Every arrow but the contradictions.
constexpr std::array arrows{
    row{cause::exchange, set(state::sending),
        set(state::accepted, state::awaiting_payment, state::refused, state::unknown, state::not_sent)},
    row{cause::late_answer, set(state::unknown), set(state::accepted, state::awaiting_payment, state::refused)},
    row{cause::evidence, set(state::unknown),
        set(state::accepted, state::awaiting_payment, state::succeeded, state::not_applied, state::not_known)},
    row{cause::following, set(state::accepted),
        set(state::succeeded, state::failed, state::awaiting_payment, state::not_known)},
    row{cause::following, set(state::awaiting_payment),
        set(state::accepted, state::succeeded, state::failed, state::cancelled, state::not_known)},
    row{cause::operators, open_states, set(state::succeeded, state::failed, state::cancelled, state::not_applied)},
};

}  // namespace

std::string_view name(state s) noexcept { return names[static_cast<std::size_t>(s)]; }

std::optional<state> read_state(std::string_view text) noexcept {
    for (const state each : all_states) {
        if (name(each) == text) return each;
    }
    return std::nullopt;
}

bool has_ended(state s) noexcept { return !contains(open_states, s); }

bool counts_for_rate(state s) noexcept {
    return !contains(set(state::refused, state::not_sent, state::not_applied), s);
}

bool keeps_key(state s) noexcept { return !contains(set(state::refused, state::not_sent, state::not_applied), s); }

bool keeps_signature(state s) noexcept { return s != state::not_sent; }

arrow find_arrow(state from, bool ended_by_operator, state to, ledger::cause cause) noexcept {
    for (const row& each : arrows) {
        if (each.cause == cause && contains(each.from, from) && contains(each.to, to)) return arrow::plain;
    }
    // The cloud itself knows better than evidence and people.
    const bool was_believed = from == state::not_applied || (has_ended(from) && ended_by_operator);
    if (cause == cause::late_answer && to == state::accepted && was_believed) return arrow::contradiction;
    return arrow::none;
}

}  // namespace gateway::ledger
