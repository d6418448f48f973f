#pragma once
// What is read from a ledger in PostgreSQL beside writes.

#include <map>
#include <vector>

#include "gateway/ledger/rate.hpp"
#include "gateway/ledger/records.hpp"
#include "gateway/ledger/writes.hpp"
#include "postgresql_connection.hpp"
#include "postgresql_rows.hpp"

namespace gateway::ledger {

// Bounds every statement that follows within the same flush, and keeps the planner from what short statements lose by.
void add_settings(postgresql_connection& db, std::chrono::milliseconds timeout);

// Each is one flush or a few; all throw postgresql_error.
[[nodiscard]] found_repeat find_repeat_of(postgresql_connection& db, const ledger::identity& identity);
[[nodiscard]] std::optional<change> find_change(postgresql_connection& db, std::string_view id, instant now);
[[nodiscard]] change_page read_page(postgresql_connection& db, const list_filter& filter, bool newest_first,
                                    instant now);
// Of each change by its number, oldest first.
[[nodiscard]] std::map<std::int64_t, std::vector<evidence_entry>> read_evidence(
    postgresql_connection& db, const std::vector<postgresql_row>& rows);
[[nodiscard]] std::vector<open_count> count_open_changes(postgresql_connection& db);
[[nodiscard]] std::vector<account_count> count_open_by_account(postgresql_connection& db);
// Those that decide on the request's rate, newest first.
[[nodiscard]] std::vector<counted_change> find_counted(postgresql_connection& db, const change_request& request);
[[nodiscard]] ledger_facts describe_tables(postgresql_connection& db, instant now);
[[nodiscard]] std::vector<std::string> check_tables(postgresql_connection& db);

}  // namespace gateway::ledger
