// Lists of changes, by pages. A filter is tried on one row after another of the narrowest index there is, and no page
// tries more than so many: see change_page.
#include <algorithm>
#include <charconv>

#include "sqlite_rows.hpp"

namespace gateway::ledger {

namespace {

constexpr std::size_t max_tried = 20'000;  // rows, some 30 ms
// Changes begin in the order of their rows, but for what waits in a queue, and for clocks that are set.
constexpr auto order_slack = std::chrono::minutes(10);

#define LISTED "c.row, c.begun, c.state, c.project_id, c.caller, c.subject, c.account, c.key"
#define FROM_CHANGES " FROM changes c WHERE "
#define FROM_INDEX(name) " FROM changes c INDEXED BY " name " WHERE "
#define FROM_SERVERS " FROM servers s JOIN changes c ON c.row = s.change WHERE "

struct source {
    const char* newest_first;
    const char* oldest_first;
    std::string_view value;  // of the index, where it has one
};

source choose(const list_filter& f) {
    if (!f.key.empty())
        return {"SELECT " LISTED FROM_INDEX("changes_key") "c.row < ?1 AND c.key = ?2 ORDER BY c.row DESC",
                "SELECT " LISTED FROM_INDEX("changes_key") "c.row > ?1 AND c.key = ?2 ORDER BY c.row", f.key};
    if (!f.server_id.empty())
        return {"SELECT " LISTED FROM_SERVERS "s.change < ?1 AND s.server_id = ?2 ORDER BY s.change DESC",
                "SELECT " LISTED FROM_SERVERS "s.change > ?1 AND s.server_id = ?2 ORDER BY s.change", f.server_id};
    if (f.current)
        return {"SELECT " LISTED FROM_INDEX("changes_state") "c.row < ?1 AND c.state = ?2 ORDER BY c.row DESC",
                "SELECT " LISTED FROM_INDEX("changes_state") "c.row > ?1 AND c.state = ?2 ORDER BY c.row",
                name(*f.current)};
    if (f.ended == false)
        return {"SELECT " LISTED FROM_INDEX("changes_state") "c.row < ?1 AND c.state IN ('sending', 'unknown', 'accepted',"
                " 'awaiting_payment') ORDER BY c.row DESC",
                "SELECT " LISTED FROM_INDEX("changes_state") "c.row > ?1 AND c.state IN ('sending', 'unknown', 'accepted',"
                " 'awaiting_payment') ORDER BY c.row",
                {}};
    if (!f.caller.empty())
        return {"SELECT " LISTED FROM_INDEX("changes_caller") "c.row < ?1 AND c.caller = ?2 ORDER BY c.row DESC",
                "SELECT " LISTED FROM_INDEX("changes_caller") "c.row > ?1 AND c.caller = ?2 ORDER BY c.row", f.caller};
    return {"SELECT " LISTED FROM_CHANGES "c.row < ?1 ORDER BY c.row DESC",
            "SELECT " LISTED FROM_CHANGES "c.row > ?1 ORDER BY c.row",
            {}};
}

bool matches(const statement& row, const list_filter& f) {
    const instant begun = row.time(1);
    const auto has = [&](int column, std::string_view wanted) { return wanted.empty() || row.view(column) == wanted; };
    const auto current = read_state(row.view(2)).value_or(state::unknown);
    return (!f.since || begun >= *f.since) && (!f.until || begun < *f.until) && (!f.current || current == *f.current) &&
           (!f.ended || has_ended(current) == *f.ended) && has(3, f.project_id) && has(4, f.caller) &&
           has(5, f.subject) && has(6, f.account) && has(7, f.key);
}

// Whether no later row of this order can match any more.
bool is_past(const statement& row, const list_filter& f, bool newest_first) {
    const instant begun = row.time(1);
    return newest_first ? f.since && begun < *f.since - order_slack : f.until && begun >= *f.until + order_slack;
}

// The last row before those that began at that time, found by halves: the table has no index of times.
std::int64_t find_start(connection& db, instant since) {
    std::int64_t below = 0, above = db.pragma("SELECT coalesce(max(row), 0) FROM changes") + 1;
    while (above - below > 1) {
        const std::int64_t middle = below + (above - below) / 2;
        query next(db, "SELECT row, begun FROM changes WHERE row >= ? ORDER BY row LIMIT 1", middle);
        if (next.next() && next->time(1) < since)
            below = next->integer(0);
        else
            above = middle;
    }
    return below;
}

std::int64_t read_marker(connection& db, const list_filter& f, bool newest_first) {
    std::int64_t row = 0;
    const char* const end = f.marker.data() + f.marker.size();
    if (!f.marker.empty() && std::from_chars(f.marker.data(), end, row).ptr == end) return row;
    if (newest_first) return INT64_MAX;
    return f.since ? find_start(db, *f.since - order_slack) : 0;
}

}  // namespace

change_page read_page(connection& db, const list_filter& filter, bool newest_first, instant now) {
    const source selected = choose(filter);
    const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 200);
    std::vector<std::int64_t> found;
    change_page page;
    {
        const char* const sql = newest_first ? selected.newest_first : selected.oldest_first;
        const std::int64_t marker = read_marker(db, filter, newest_first);
        query rows = selected.value.empty() ? query(db, sql, marker) : query(db, sql, marker, selected.value);
        std::int64_t last = 0;
        for (std::size_t tried = 0; rows.next(); ++tried) {
            if (is_past(*rows, filter, newest_first)) break;
            if (found.size() == limit || tried == max_tried) {
                page.next_marker = std::to_string(last);
                break;
            }
            last = rows->integer(0);
            if (matches(*rows, filter)) found.push_back(last);
        }
    }
    for (const std::int64_t row : found) {
        change_row each = read_row(db, row);
        each.change.holds = holds_now(db, each, now);
        if (filter.with_history) each.change.history = read_history(db, each);
        page.changes.push_back(std::move(each.change));
    }
    return page;
}

std::vector<account_count> count_open_by_account(connection& db) {
    std::vector<account_count> counts;
    query rows(db,
               "SELECT account, count(*) FROM changes INDEXED BY changes_state"
               " WHERE state IN ('sending', 'unknown', 'accepted', 'awaiting_payment') GROUP BY account");
    while (rows.next())
        counts.push_back({rows->text(0), static_cast<std::size_t>(rows->integer(1))});
    return counts;
}

std::vector<counted_change> find_counted(connection& db, const change_request& request) {
    std::vector<counted_change> found;
    // Each has a server at least.
    query counted(db,
                  "SELECT row, begun, server_count FROM changes WHERE caller = ? AND rule = ? AND begun > ?"
                  " AND is_rated = 1 AND is_counted = 1 ORDER BY begun DESC LIMIT ?",
                  request.identity.caller, request.rule, request.begun - request.rate->per, request.rate->calls);
    while (counted.next())
        found.push_back({counted->integer(0), counted->time(1), counted->integer(2)});
    return found;
}

std::vector<open_count> count_open_changes(connection& db) {
    std::vector<open_count> counts;
    for (const state each : all_states) {
        if (has_ended(each)) continue;
        open_count count{each, 0, {}};
        {
            query rows(db, "SELECT count(*) FROM changes WHERE state = ?", each);
            if (rows.next()) count.count = static_cast<std::size_t>(rows->integer(0));
        }
        query oldest(db, "SELECT begun FROM changes WHERE state = ? ORDER BY row LIMIT 1", each);
        if (oldest.next()) count.oldest = oldest->time(0);
        counts.push_back(count);
    }
    return counts;
}

}  // namespace gateway::ledger
