#include "gateway/ledger/ledger_copy.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "gateway/ledger/sqlite_store.hpp"
#include "postgresql_connection.hpp"
#include "postgresql_lists.hpp"
#include "postgresql_rows.hpp"
#include "postgresql_schema.hpp"
#include "sqlite_file.hpp"
#include "sqlite_opening.hpp"

namespace gateway::ledger {

namespace {

constexpr std::int64_t page = 500;                  // changes that go out together: 5 MB where each has an answer
constexpr auto patience = std::chrono::minutes(1);  // for a page, and for the commit of all

enum class column_type : std::uint8_t { text, number, bytes };
struct column {
    const char* name;
    column_type type = column_type::text;
};
using columns = std::span<const column>;

constexpr auto number = column_type::number;
constexpr auto bytes = column_type::bytes;
// Of the file's table; `number` is its `row`. Who had claimed it is gone.
constexpr column of_changes[] = {{"number", number},
                                 {"id"},
                                 {"state"},
                                 {"operation"},
                                 {"caller"},
                                 {"subject"},
                                 {"account"},
                                 {"project_id"},
                                 {"region"},
                                 {"rule"},
                                 {"flavor"},
                                 {"auto_pay", number},
                                 {"is_prepaid", number},
                                 {"server_ids"},
                                 {"server_count", number},
                                 {"holds_server", number},
                                 {"hold_is_over", number},
                                 {"key"},
                                 {"key_freed", number},
                                 {"signature", bytes},
                                 {"fingerprint", bytes},
                                 {"begun", number},
                                 {"signed_at", number},
                                 {"updated", number},
                                 {"ended", number},
                                 {"process"},
                                 {"is_rated", number},
                                 {"is_counted", number},
                                 {"last_good_answer", number},
                                 {"job_id"},
                                 {"job_status"},
                                 {"order_id"},
                                 {"amount"},
                                 {"currency"},
                                 {"code"},
                                 {"message"},
                                 {"evidence"},
                                 {"resolved_by"},
                                 {"reason"},
                                 {"was_contradicted", number},
                                 {"answer_status", number},
                                 {"answer_type"},
                                 {"answer_body", bytes},
                                 {"due", number},
                                 {"fence", number}};
constexpr column of_history[] = {{"change", number}, {"at", number}, {"state"}, {"detail"}};
constexpr column of_evidence[] = {{"change", number}, {"at", number}, {"source"}, {"says"}, {"detail"}};
constexpr column of_holds[] = {{"project_id"}, {"server_id"}, {"change", number}, {"until", number}};
constexpr column of_freezes[] = {{"id"},       {"account"}, {"caller"},        {"server_id"},     {"operations"},
                                 {"reason"},   {"set_by"},  {"since", number}, {"until", number}, {"lifted", number},
                                 {"lifted_by"}};

std::string names(columns all) {
    std::string text;
    for (const column& each : all)
        text.append(text.empty() ? "" : ", ").append(each.name);
    return text;
}

std::string select(columns all, const std::string& from) { return "SELECT " + names(all) + " FROM " + from; }

// Of rows that come as one JSON text.
std::string insert(columns all, const std::string& table) {
    return "INSERT INTO " + table + " (" + names(all) + ") SELECT " + names(all) +
           " FROM json_populate_recordset(NULL::" + table + ", $1::json)";
}

void append_row(json_rows& to, const statement& row, columns all) {
    to.begin();
    for (int i = 0; i < static_cast<int>(all.size()); ++i) {
        const column& each = all[static_cast<std::size_t>(i)];
        if (row.is_null(i)) continue;
        if (each.type == column_type::text) to.text(each.name, row.view(i));
        if (each.type == column_type::number) to.number(each.name, row.integer(i));
        if (each.type == column_type::bytes) to.bytes(each.name, row.view(i));
    }
}

class copier {
public:
    copier(connection& from, postgresql_connection& to) : from_(from), to_(to) {}

    // Nobody writes to either meanwhile. Why it can't be done, or nothing.
    [[nodiscard]] std::optional<unavailable> begin() {
        from_.execute("BEGIN IMMEDIATE");
        to_.add("BEGIN");
        add_settings(to_, patience);
        to_.add("SELECT 1 FROM ledger FOR UPDATE");
        const std::size_t facts = to_.add(
            "SELECT (EXISTS (SELECT 1 FROM changes) OR EXISTS (SELECT 1 FROM freezes))::int,"
            " has_sequence_privilege('changes_number_seq', 'UPDATE')::int");
        const auto found = to_.flush();
        if (found[facts].integer(0, 0) != 0)
            return unavailable{trouble::not_allowed, "it has changes or freezes already; name an empty database"};
        if (found[facts].integer(0, 1) == 0)
            return unavailable{
                trouble::not_allowed,
                "the role may not set the number of the next change; name the role that owns the tables, "
                "or grant UPDATE on SEQUENCE changes_number_seq"};
        return std::nullopt;
    }
    [[nodiscard]] std::size_t copy_changes(const copy_progress& progress) {
        const auto total = static_cast<std::size_t>(from_.pragma("SELECT count(*) FROM changes"));
        std::size_t copied = 0;
        for (std::int64_t last = 0, next = 0;; last = next) {
            progress(copied, total);
            const std::size_t count = add_changes(last, next);
            if (count == 0) return copied;
            copied += count;
            add_rows(history_, of_history, insert_history_, last, next);
            add_rows(evidence_, of_evidence, insert_evidence_, last, next);
            to_.flush();
        }
    }
    void copy_the_rest() {
        add_rows(holds_, of_holds, insert_holds_);
        add_rows(freezes_, of_freezes, insert_freezes_);
        to_.add(
            "SELECT setval('changes_number_seq', greatest(max(number), nextval('changes_number_seq'))) FROM changes");
        to_.add("UPDATE ledger SET freezes_version = freezes_version + 1");
        to_.flush();
    }
    [[nodiscard]] std::optional<unavailable> commit() {
        try {
            to_.add("COMMIT");
            to_.flush();
        } catch (const postgresql_error& e) {
            if (!e.is_lost()) throw;
            return unavailable{e.kind(), std::string(e.what()) +
                                             "; that was at the very end, so it may have all of the copy or nothing: "
                                             "look with `ecs-gateway changes list` before trying again"};
        }
        return std::nullopt;
    }

private:
    // Those after row `last`; `next` becomes the last of them. How many.
    std::size_t add_changes(std::int64_t last, std::int64_t& next) {
        json_rows rows;
        query found(from_, changes_.c_str(), last, page);
        while (found.next()) {
            append_row(rows, *found, of_changes);
            next = found->integer(0);
        }
        const std::size_t count = rows.size();
        if (count == 0) return 0;
        const std::string text = rows.finish();
        to_.add(insert_changes_.c_str(), {text});
        to_.add(
            "INSERT INTO servers SELECT unnest(string_to_array(server_ids, ' ')), number"
            " FROM json_populate_recordset(NULL::changes, $1::json) ON CONFLICT DO NOTHING",
            {text});
        return count;
    }
    template <class... Values>
    void add_rows(const std::string& sql, columns all, const std::string& insert_sql, const Values&... values) {
        json_rows rows;
        query found(from_, sql.c_str(), values...);
        while (found.next())
            append_row(rows, *found, all);
        if (!rows.empty()) to_.add(insert_sql.c_str(), {rows.finish()});
    }

    connection& from_;
    postgresql_connection& to_;
    // Both connections keep or send a statement by its address.
    const std::string changes_ =
        select(of_changes, "(SELECT row AS number, * FROM changes) WHERE number > ?1 ORDER BY number LIMIT ?2");
    // Numbered anew, in this order.
    const std::string history_ =
        select(of_history, "history WHERE change > ?1 AND change <= ?2 ORDER BY change, number");
    const std::string evidence_ =
        select(of_evidence, "evidence WHERE change > ?1 AND change <= ?2 ORDER BY change, number");
    const std::string holds_ = select(of_holds, "holds");
    const std::string freezes_ = select(of_freezes, "freezes ORDER BY row");
    const std::string insert_changes_ = insert(of_changes, "changes");
    const std::string insert_history_ = insert(of_history, "history");
    const std::string insert_evidence_ = insert(of_evidence, "evidence");
    const std::string insert_holds_ = insert(of_holds, "holds");
    const std::string insert_freezes_ = insert(of_freezes, "freezes");
};

instant now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

outcome<std::size_t> copy_rows(connection& from, postgresql_connection& to, const copy_progress& progress) {
    copier copying(from, to);
    if (auto problem = copying.begin()) return std::move(*problem);
    const std::size_t copied = copying.copy_changes(progress);
    copying.copy_the_rest();
    if (auto problem = copying.commit()) return std::move(*problem);
    return copied;
}

}  // namespace

outcome<std::size_t> copy_into_postgresql(const std::string& file, postgresql_options target,
                                          const copy_progress& progress) {
    const std::string source_prefix = "ledger in file " + file + ": ";
    if (!identify(file)) return unavailable{trouble::not_there, source_prefix + "there is none"};
    const auto source = make_sqlite_store({.file = file});
    if (auto problem = source->open()) return std::move(*problem);
    if (auto recovered = commit_one(*source, writes::recover{now()}); !recovered) return recovered.error();

    target.mode = postgresql_options::access::migrator;
    const auto tables = make_postgresql_store(target);
    if (auto problem = tables->open()) return std::move(*problem);
    const std::string target_prefix = "ledger in " + tables->describe() + ": ";
    try {
        connection from = open_connection(
            {.file = file, .mode = sqlite_options::access::writer, .busy_timeout = std::chrono::seconds(1)});
        postgresql_connection to(target.connection(), patience);
        auto copied = copy_rows(from, to, progress);
        if (!copied) return unavailable{copied.error().kind, target_prefix + copied.error().reason};
        return copied;
    } catch (const sqlite_error& e) {
        return unavailable{e.kind(), source_prefix + "can't be read: " + e.what()};
    } catch (const postgresql_error& e) {
        return unavailable{e.kind(), target_prefix + e.what()};
    }
}

}  // namespace gateway::ledger
