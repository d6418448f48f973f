#pragma once
// Rows of the table of changes as values, and back.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/rate.hpp"
#include "gateway/ledger/records.hpp"
#include "gateway/ledger/writes.hpp"
#include "moves.hpp"
#include "row_texts.hpp"
#include "sqlite_connection.hpp"

namespace gateway::ledger {

struct change_row : stored_change {
    std::int64_t row = 0;
};

[[nodiscard]] std::optional<change_row> find_row(connection& db, std::string_view id);
// By a row that an index has named; where it is not there, the file is corrupt, and sqlite_error says so.
[[nodiscard]] change_row read_row(connection& db, std::int64_t row);
// Whether it holds one of its servers at that time.
[[nodiscard]] bool holds_now(connection& db, const change_row& row, instant now);
[[nodiscard]] std::vector<history_entry> read_history(connection& db, const change_row& row);
void add_history(connection& db, std::int64_t row, instant time, std::string_view state, std::string_view detail);

// The row of a new change: `sending`, or not_sent at once. Nothing when its id is taken.
[[nodiscard]] std::optional<std::int64_t> insert_change(connection& db, const change_request& request, state first,
                                                        std::string_view process);

// sqlite_record.cpp
[[nodiscard]] found_repeat find_repeat_of(connection& db, const ledger::identity& identity);
[[nodiscard]] std::vector<freeze> standing_freezes(connection& db, instant now);
[[nodiscard]] record_result record_change(connection& db, const change_request& request,
                                          const std::vector<freeze>& freezes, std::string_view process);

// sqlite_moves.cpp, sqlite_upkeep.cpp
[[nodiscard]] moved apply(connection& db, const writes::answered& write);
[[nodiscard]] moved apply(connection& db, const writes::unknown& write);
[[nodiscard]] moved apply(connection& db, const writes::not_sent& write, std::string_view process);
[[nodiscard]] moved apply(connection& db, const writes::evidence& write);
[[nodiscard]] moved apply(connection& db, const writes::followed& write);
[[nodiscard]] moved apply(connection& db, const writes::settle& write);
[[nodiscard]] moved apply(connection& db, const writes::resolve& write);
[[nodiscard]] moved apply(connection& db, const writes::hand_back& write);
[[nodiscard]] moved apply(connection& db, const writes::reported& write);
[[nodiscard]] std::vector<evidence_entry> read_evidence(connection& db, std::int64_t row);  // oldest first
[[nodiscard]] std::vector<claimed> apply(connection& db, const writes::claim& write);
[[nodiscard]] std::vector<std::string> apply(connection& db, const writes::recover& write, std::string_view process);
[[nodiscard]] bool apply(connection& db, const writes::add_freeze& write);
[[nodiscard]] bool apply(connection& db, const writes::unfreeze& write);
[[nodiscard]] std::size_t apply(connection& db, const writes::forget& write);
[[nodiscard]] std::optional<instant> find_next_due(connection& db);

// sqlite_lists.cpp
[[nodiscard]] change_page read_page(connection& db, const list_filter& filter, bool newest_first, instant now);
[[nodiscard]] std::vector<open_count> count_open_changes(connection& db);
[[nodiscard]] std::vector<account_count> count_open_by_account(connection& db);
// Those that decide on the request's rate, newest first.
[[nodiscard]] std::vector<counted_change> find_counted(connection& db, const change_request& request);

}  // namespace gateway::ledger
