#include "gateway/ledger/change.hpp"

namespace gateway::ledger {

namespace {

// Whether the looks at the server let it go: the last ones, without one between them that saw something going on.
bool looks_release(const hold_facts& facts) noexcept {
    bool first = false, second = false;
    for (const look& each : facts.looks) {
        if (!each.untouched) {
            first = second = false;
        } else if (!first) {
            first = each.time >= facts.begun + facts.settle_after;
        } else {
            second = second || each.time >= facts.begun + second_look;
        }
    }
    const bool server_denies = facts.got_4xx ? first : second;
    return server_denies && (!facts.maybe_prepaid || facts.order_denies);
}

}  // namespace

hold find_hold(const hold_facts& facts) noexcept {
    if (facts.was_released) return {};
    switch (facts.current) {
        case state::sending:
            return {hold::kind::open, {}};
        case state::accepted:
            return {hold::kind::until, facts.last_good_answer + accepted_hold};
        case state::unknown:
            return looks_release(facts) ? hold{} : hold{hold::kind::open, {}};
        default:
            return {};
    }
}

}  // namespace gateway::ledger
