#pragma once
// What a write does to the row of a change. Pure, and the same for every store: a store reads the row, lets it be moved
// here, and writes what came of it. The arrows and the holds are change.hpp's.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/ledger/records.hpp"
#include "gateway/ledger/writes.hpp"

namespace gateway::ledger {

// A change as a store keeps it, with what nobody else sees of it.
struct stored_change {
    ledger::change change;      // without history
    bool hold_is_over = false;  // for good
    std::optional<instant> last_good_answer;
    std::optional<instant> due;  // when to look at it next, or when the claim on it ends
    std::string claimed_by;
    std::int64_t fence = 0;
};

// What a move does besides.
struct move_effects {
    moved result{};
    bool changes_row = false;
    std::optional<hold> server_hold{};      // what the hold on its servers becomes
    std::vector<history_entry> history{};   // to add, in this order
    std::optional<evidence_entry> found{};  // evidence to add
    bool replaces_last = false;             // of its source: only the time of the last look has changed
};

// A change as its record begins it: `sending`.
[[nodiscard]] stored_change begin_change(const change_request& request);

[[nodiscard]] move_effects move_change(stored_change& row, const writes::answered& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::unknown& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::not_sent& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::evidence& write,
                                       std::span<const evidence_entry> before);  // of this change, oldest first
[[nodiscard]] move_effects move_change(stored_change& row, const writes::followed& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::settle& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::resolve& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::hand_back& write);
[[nodiscard]] move_effects move_change(stored_change& row, const writes::reported& write);

}  // namespace gateway::ledger
