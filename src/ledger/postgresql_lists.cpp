#include "postgresql_lists.hpp"

#include <algorithm>

#include "postgresql_batch.hpp"
#include "row_texts.hpp"

namespace gateway::ledger {

namespace {

// What a filter asks for, as a condition with its parameters.
class condition {
public:
    void require(const std::string& before, std::string value, const std::string& after = {}) {
        values_.emplace_back(std::move(value));
        sql_ += " AND " + before + "$" + std::to_string(values_.size()) + after;
    }
    void require_text(const char* column, const std::string& value) {
        if (!value.empty()) require("c." + std::string(column) + " = ", value);
    }
    void require(const std::string& sql) { sql_ += " AND " + sql; }
    [[nodiscard]] const std::string& sql() const noexcept { return sql_; }
    [[nodiscard]] std::vector<parameter> values() const { return values_; }

private:
    std::string sql_ = "true";
    std::vector<parameter> values_;
};

std::string number_of(instant time) { return std::to_string(time.time_since_epoch().count()); }

constexpr const char* has_not_ended = "c.state IN ('sending', 'unknown', 'accepted', 'awaiting_payment')";

condition condition_of(const list_filter& f, bool newest_first) {
    condition all;
    for (const auto& [column, value] :
         {std::pair("project_id", &f.project_id), std::pair("key", &f.key), std::pair("caller", &f.caller),
          std::pair("subject", &f.subject), std::pair("account", &f.account)})
        all.require_text(column, *value);
    if (!f.server_id.empty())
        all.require("c.number IN (SELECT change FROM servers WHERE server_id = ", f.server_id, ")");
    if (f.current) all.require("c.state = ", std::string(name(*f.current)));
    if (f.ended) all.require((*f.ended ? "NOT " : "") + std::string(has_not_ended));
    if (f.since) all.require("c.begun >= ", number_of(*f.since));
    if (f.until) all.require("c.begun < ", number_of(*f.until));
    const bool is_number =
        !f.marker.empty() && f.marker.size() < 19 && f.marker.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) all.require(newest_first ? "c.number < " : "c.number > ", f.marker, "::bigint");
    return all;
}

std::string numbers_array(const std::vector<postgresql_row>& rows) {
    std::string made = "{";
    for (const postgresql_row& each : rows)
        made += (made.size() > 1 ? "," : "") + std::to_string(each.number);
    return made + "}";
}

constexpr const char* select_holding =
    "SELECT DISTINCT change FROM holds WHERE change = ANY($1::bigint[]) AND (until IS NULL OR until > $2::bigint)";
constexpr const char* select_history =
    "SELECT change, at, state, detail FROM history WHERE change = ANY($1::bigint[]) ORDER BY change, number";
constexpr const char* select_evidence =
    "SELECT change, at, source, says, detail FROM evidence WHERE change = ANY($1::bigint[]) ORDER BY change, number";

evidence_entry evidence_at(const postgresql_rows& rows, int i) {
    return {rows.time(i, 1), rows.text(i, 2), rows.text(i, 3), rows.text(i, 4)};
}

// The first entry is not written: it is the row itself.
void put_history(postgresql_row& row, const postgresql_rows& history, const postgresql_rows& evidence) {
    auto& entries = row.change.history;
    entries = {{row.change.request.begun, std::string(name(state::sending)), {}}};
    for (int i = 0; i < history.size(); ++i) {
        if (history.integer(i, 0) == row.number)
            entries.push_back({history.time(i, 1), history.text(i, 2), history.text(i, 3)});
    }
    for (int i = 0; i < evidence.size(); ++i) {
        if (evidence.integer(i, 0) != row.number) continue;
        const evidence_entry each = evidence_at(evidence, i);
        const auto is_later = [&](const history_entry& entry) { return entry.time > each.time; };
        entries.insert(std::ranges::find_if(entries, is_later),
                       {each.time, "evidence", each.source + " says " + each.says + ": " + each.detail});
    }
}

// Adds what is beside the rows of changes.
std::vector<change> complete(postgresql_connection& db, std::vector<postgresql_row> rows, bool with_history,
                             instant now) {
    std::vector<change> all;
    if (rows.empty()) return all;
    const std::string numbers = numbers_array(rows);
    db.add(select_holding, {numbers, number_of(now)});
    if (with_history) {
        db.add(select_history, {numbers});
        db.add(select_evidence, {numbers});
    }
    const auto found = db.flush();
    for (postgresql_row& row : rows) {
        const auto is_its = [&](int i) { return found[0].integer(i, 0) == row.number; };
        for (int i = 0; i < found[0].size(); ++i)
            row.change.holds = row.change.holds || (is_its(i) && !row.hold_is_over);
        if (with_history) put_history(row, found[1], found[2]);
        all.push_back(std::move(row.change));
    }
    return all;
}

}  // namespace

found_repeat find_repeat_of(postgresql_connection& db, const ledger::identity& who) {
    static const std::string sql = std::string("SELECT ") + change_columns +
                                   " FROM changes c WHERE c.key = $1 AND c.caller = $2 AND c.subject = $3"
                                   " AND c.account = $4 AND c.key_freed = 0 UNION ALL SELECT " +
                                   change_columns + " FROM changes c WHERE c.signature = $5::bytea";
    const std::string digest = signature_digest(who);
    if (who.key.empty() && digest.empty()) return {};
    const parameter hex = digest.empty() ? parameter() : parameter(bytea(digest));
    db.add(sql.c_str(),
           {who.key.empty() ? parameter() : parameter(who.key), who.caller, who.subject, who.account, hex});
    const auto found = db.flush();
    if (found[0].size() == 0) return {};
    postgresql_row row = read_change(found[0], 0);
    change& first = row.change;
    if (first.request.identity.fingerprint != who.fingerprint) return other_request{std::move(first.request.id)};
    const bool by_key = !who.key.empty() && first.request.identity.key == who.key && row.key_freed == 0;
    return repeat{std::move(first.request.id), first.current,           std::move(first.answer),
                  std::move(first.known),      std::move(first.reason), !by_key};
}

std::optional<change> find_change(postgresql_connection& db, std::string_view id, instant now) {
    static const std::string sql = std::string("SELECT ") + change_columns + " FROM changes c WHERE c.id = $1";
    db.add(sql.c_str(), {std::string(id)});
    std::vector<postgresql_row> rows;
    {
        const auto found = db.flush();
        if (found[0].size() == 0) return std::nullopt;
        rows.push_back(read_change(found[0], 0));
    }
    return std::move(complete(db, std::move(rows), true, now).front());
}

change_page read_page(postgresql_connection& db, const list_filter& filter, bool newest_first, instant now) {
    const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 200);
    const condition wanted = condition_of(filter, newest_first);
    const std::string sql = std::string("SELECT ") + change_columns + " FROM changes c WHERE " + wanted.sql() +
                            " ORDER BY c.number" + (newest_first ? " DESC" : "") + " LIMIT " +
                            std::to_string(limit + 1);
    db.add(sql.c_str(), wanted.values());
    change_page page;
    std::vector<postgresql_row> rows;
    {
        const auto found = db.flush();
        for (int i = 0; i < found[0].size(); ++i)
            rows.push_back(read_change(found[0], i));
    }
    if (rows.size() > limit) {
        rows.pop_back();
        page.next_marker = std::to_string(rows.back().number);
    }
    page.changes = complete(db, std::move(rows), filter.with_history, now);
    return page;
}

std::map<std::int64_t, std::vector<evidence_entry>> read_evidence(postgresql_connection& db,
                                                                  const std::vector<postgresql_row>& rows) {
    std::map<std::int64_t, std::vector<evidence_entry>> all;
    if (rows.empty()) return all;
    db.add(select_evidence, {numbers_array(rows)});
    const auto found = db.flush();
    for (int i = 0; i < found[0].size(); ++i)
        all[found[0].integer(i, 0)].push_back(evidence_at(found[0], i));
    return all;
}

std::vector<open_count> count_open_changes(postgresql_connection& db) {
    db.add(
        "SELECT c.state, count(*), min(c.begun) FROM changes c"
        " WHERE c.state IN ('sending', 'unknown', 'accepted', 'awaiting_payment') GROUP BY c.state");
    const auto found = db.flush();
    std::vector<open_count> counts;
    for (const state each : all_states) {
        if (has_ended(each)) continue;
        open_count count{each, 0, {}};
        for (int i = 0; i < found[0].size(); ++i) {
            if (found[0].view(i, 0) == name(each))
                count = {each, static_cast<std::size_t>(found[0].integer(i, 1)), found[0].time(i, 2)};
        }
        counts.push_back(count);
    }
    return counts;
}

std::vector<account_count> count_open_by_account(postgresql_connection& db) {
    db.add(
        "SELECT account, count(*) FROM changes"
        " WHERE state IN ('sending', 'unknown', 'accepted', 'awaiting_payment') GROUP BY account");
    const auto found = db.flush();
    std::vector<account_count> counts;
    for (int i = 0; i < found[0].size(); ++i)
        counts.push_back({found[0].text(i, 0), static_cast<std::size_t>(found[0].integer(i, 1))});
    return counts;
}

std::vector<counted_change> find_counted(postgresql_connection& db, const change_request& request) {
    db.add(
        "SELECT number, begun, server_count FROM changes WHERE caller = $1 AND rule = $2 AND begun > $3::bigint"
        " AND is_rated = 1 AND is_counted = 1 ORDER BY begun DESC LIMIT $4::bigint",
        {request.identity.caller, request.rule, number_of(request.begun - request.rate->per),
         std::to_string(request.rate->calls)});
    const auto found = db.flush();
    std::vector<counted_change> counted;
    for (int i = 0; i < found[0].size(); ++i)
        counted.push_back({found[0].integer(i, 0), found[0].time(i, 1), found[0].integer(i, 2)});
    return counted;
}

ledger_facts describe_tables(postgresql_connection& db, instant now) {
    ledger_facts facts;
    db.add("SELECT version FROM ledger");
    db.add(
        "SELECT sum(pg_total_relation_size(to_regclass(n)))::bigint FROM unnest(ARRAY['ledger', 'changes', 'servers',"
        " 'holds', 'history', 'evidence', 'freezes', 'rates', 'replicas']) n");
    db.add("SELECT count(*) FROM changes");
    db.add("SELECT count(*) FROM freezes WHERE lifted IS NULL AND (until IS NULL OR until > $1::bigint)",
           {number_of(now)});
    {
        const auto found = db.flush();
        facts.version = found[0].integer(0, 0);
        facts.bytes = static_cast<std::uint64_t>(found[1].integer(0, 0));
        facts.changes = static_cast<std::size_t>(found[2].integer(0, 0));
        facts.freezes = static_cast<std::size_t>(found[3].integer(0, 0));
    }
    facts.open = count_open_changes(db);
    auto oldest = read_page(db, {.ended = false, .limit = 1}, false, now);
    if (!oldest.changes.empty()) facts.oldest_open = std::move(oldest.changes.front());
    return facts;
}

// PostgreSQL's own pages are for pg_amcheck; here, whether the tables fit together.
std::vector<std::string> check_tables(postgresql_connection& db) {
    std::vector<std::string> problems;
    for (const char* table : {"servers", "holds", "history", "evidence"}) {
        const std::string sql = std::string("SELECT count(*) FROM ") + table +
                                " t WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.number = t.change)";
        db.add(sql.c_str());
        const auto count = db.flush()[0].integer(0, 0);
        if (count != 0) problems.push_back(std::to_string(count) + " rows of " + table + " name no change");
    }
    return problems;
}

}  // namespace gateway::ledger
