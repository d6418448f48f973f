#include "postgresql_batch.hpp"

#include <algorithm>
#include <set>
#include <type_traits>

#include "row_texts.hpp"

namespace gateway::ledger {

const char* const select_freezes =
    "SELECT id, account, caller, server_id, operations, reason, set_by, since, until FROM freezes WHERE lifted IS NULL"
    " ORDER BY number";

std::vector<freeze> read_freezes(const postgresql_rows& rows) {
    std::vector<freeze> found;
    for (int i = 0; i < rows.size(); ++i)
        found.push_back({rows.text(i, 0),
                         {rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), split(rows.view(i, 4))},
                         rows.text(i, 5),
                         rows.text(i, 6),
                         rows.time(i, 7),
                         rows.maybe_time(i, 8)});
    return found;
}

bool is_of_a_change(const any_write& write) {
    return std::visit(
        [](const auto& each) {
            using kind = std::decay_t<decltype(each)>;
            return std::is_same_v<kind, writes::record> || std::is_same_v<typename kind::result, outcome<moved>>;
        },
        write);
}

namespace {

#define WANTED                                                                                                \
    "WITH w AS (SELECT * FROM json_to_recordset($1::json) AS w(id text, key text, caller text, subject text," \
    " account text, signature bytea, project_id text, server_id text)), wanted AS ("                          \
    "SELECT x.number FROM w JOIN changes x ON x.id = w.id"                                                    \
    " UNION SELECT h.change FROM w JOIN holds h ON h.project_id = w.project_id AND h.server_id = w.server_id"

constexpr const char* select_holds = WANTED
    ") SELECT h.project_id, h.server_id, h.change, h.until FROM holds h WHERE h.change IN (SELECT number FROM wanted)";

const std::string& select_changes() {
    static const std::string sql =
        std::string(WANTED
                    " UNION SELECT x.number FROM w JOIN changes x ON x.key = w.key AND x.caller = w.caller"
                    " AND x.subject = w.subject AND x.account = w.account AND x.key_freed = 0"
                    " UNION SELECT x.number FROM w JOIN changes x ON x.signature = w.signature"
                    " UNION SELECT x.number FROM w JOIN changes x ON x.state = 'awaiting_payment'"
                    " AND x.project_id = w.project_id AND w.server_id = ANY(string_to_array(x.server_ids, ' '))"
                    ") SELECT ") +
        change_columns + " FROM changes c WHERE c.number IN (SELECT number FROM wanted)";
    return sql;
}

constexpr const char* select_rate_versions =
    "SELECT r.caller, r.rule, r.version FROM json_to_recordset($1::json) AS w(caller text, rule text, since bigint)"
    " JOIN rates r ON r.caller = w.caller AND r.rule = w.rule";
constexpr const char* select_rated =
    "SELECT c.caller, c.rule, c.number, c.begun, c.server_count"
    " FROM json_to_recordset($1::json) AS w(caller text, rule text, since bigint)"
    " JOIN changes c ON c.caller = w.caller AND c.rule = w.rule AND c.begun > w.since"
    " AND c.is_rated = 1 AND c.is_counted = 1 ORDER BY c.begun DESC";
constexpr const char* select_evidence =
    "SELECT e.change, e.number, e.at, e.source, e.says, e.detail FROM changes c JOIN evidence e ON e.change = c.number"
    " WHERE c.id = ANY($1::text[]) ORDER BY e.number";

const std::string& id_of(const any_write& write) {
    static const std::string none;
    return std::visit(
        [](const auto& each) -> const std::string& {
            if constexpr (requires { each.request.id; })
                return each.request.id;
            else if constexpr (requires { each.id; })
                return each.id;
            else
                return none;
        },
        write);
}

// Of a change that is to be recorded: what has its key or signature, and what holds its servers.
void add_wanted(json_rows& wanted, const change_request& request) {
    const identity& who = request.identity;
    if (!who.key.empty())
        wanted.text("key", who.key)
            .text("caller", who.caller)
            .text("subject", who.subject)
            .text("account", who.account);
    wanted.bytes("signature", signature_digest(who));
    if (!request.holds_server) return;
    for (const std::string& one : request.server_ids)
        wanted.begin().text("project_id", request.project_id).text("server_id", one);
}

}  // namespace

void postgresql_batch::read(std::span<const any_write> writes) {
    json_rows wanted, rated;
    std::map<std::pair<std::string, std::string>, instant> since;
    std::vector<std::string> seen;  // changes whose evidence is needed
    std::int64_t made = 0;
    for (const any_write& each : writes) {
        wanted.begin().text("id", id_of(each));
        if (std::holds_alternative<writes::evidence>(each)) seen.push_back(id_of(each));
        if (std::holds_alternative<writes::not_sent>(each)) ++made;
        const auto* record = std::get_if<writes::record>(&each);
        if (record == nullptr) continue;
        ++made;
        has_records_ = true;
        const change_request& q = record->request;
        add_wanted(wanted, q);
        if (!q.rate) continue;
        const auto [slot, is_new] = since.try_emplace({q.identity.caller, q.rule}, q.begun - q.rate->per);
        slot->second = std::min(slot->second, q.begun - q.rate->per);
    }
    for (const auto& [of, time] : since)
        rated.begin().text("caller", of.first).text("rule", of.second).time("since", time);
    // Versions before what they are of: what is newer than its version ends in a conflict, and nothing worse.
    const bool needs_freezes = has_records_ && !freezes_;
    if (needs_freezes) {
        db_.add("SELECT freezes_version FROM ledger");
        db_.add(select_freezes);
    }
    if (!rated.empty()) {
        const std::string text = rated.finish();
        db_.add(select_rate_versions, {text});
        db_.add(select_rated, {text});
    }
    const std::string text = wanted.finish();
    db_.add(select_changes().c_str(), {text});
    db_.add(select_holds, {text});
    if (made != 0)
        db_.add("SELECT nextval('changes_number_seq') FROM generate_series(1, $1::bigint)", {std::to_string(made)});
    if (!seen.empty()) db_.add(select_evidence, {text_array(seen)});

    const auto found = db_.flush();
    auto next = found.end() - (needs_freezes ? 2 : 0) - (since.empty() ? 0 : 2) - 2 - (made != 0) - !seen.empty();
    if (needs_freezes) {
        freezes_ = known_freezes{next->integer(0, 0), read_freezes(*(next + 1))};
        next += 2;
    }
    if (!since.empty()) {
        for (const auto& [of, time] : since)
            rates_[of];
        take_rates(*next, *(next + 1));
        next += 2;
    }
    take_changes(*next++);
    take_holds(*next++);
    if (made != 0) {
        for (int i = next->size() - 1; i >= 0; --i)
            numbers_.push_back(next->integer(i, 0));
        ++next;
    }
    if (seen.empty()) return;
    for (int i = 0; i < next->size(); ++i)
        evidence_[next->integer(i, 0)].push_back(
            {next->integer(i, 1), {next->time(i, 2), next->text(i, 3), next->text(i, 4), next->text(i, 5)}});
}

void postgresql_batch::take_changes(const postgresql_rows& rows) {
    for (int i = 0; i < rows.size(); ++i) {
        postgresql_row row = read_change(rows, i);
        const ledger::identity& who = row.change.request.identity;
        by_id_[row.change.request.id] = row.number;
        if (!who.key.empty() && row.key_freed == 0)
            by_key_[{who.key, who.caller, who.subject, who.account}] = row.number;
        if (!row.signature.empty()) by_signature_[row.signature] = row.number;
        rows_.emplace(row.number, std::move(row));
    }
}

void postgresql_batch::take_holds(const postgresql_rows& rows) {
    for (int i = 0; i < rows.size(); ++i) {
        const held found{rows.integer(i, 2), rows.maybe_time(i, 3)};
        holds_[{rows.text(i, 0), rows.text(i, 1)}] = {found, found};
    }
}

void postgresql_batch::take_rates(const postgresql_rows& versions, const postgresql_rows& rows) {
    for (int i = 0; i < versions.size(); ++i)
        rates_[{versions.text(i, 0), versions.text(i, 1)}].version = versions.integer(i, 2);
    for (int i = 0; i < rows.size(); ++i)
        rates_[{rows.text(i, 0), rows.text(i, 1)}].all.push_back(
            {rows.integer(i, 2), rows.time(i, 3), rows.integer(i, 4)});
}

postgresql_row* postgresql_batch::find(const std::string& id) {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &rows_.at(found->second);
}

// One that an index names and that was not read has come meanwhile.
postgresql_row& postgresql_batch::by_number(std::int64_t number) {
    const auto found = rows_.find(number);
    if (found == rows_.end()) throw postgresql_error(trouble::held, "40001", "another transaction was faster", false);
    return found->second;
}

postgresql_row& postgresql_batch::insert(const change_request& request, state first) {
    postgresql_row row;
    static_cast<stored_change&>(row) = begin_change(request);
    row.number = numbers_.back();
    numbers_.pop_back();
    row.change.current = first;
    row.change.request.identity.signature.clear();
    row.server_count = static_cast<std::int64_t>(request.server_ids.size());
    row.process = process_;
    row.is_rated = request.rate.has_value();
    row.is_counted = counts_for_rate(first);
    row.is_new = true;
    const ledger::identity& who = request.identity;
    if (has_ended(first)) {
        row.hold_is_over = true;
        if (!who.key.empty()) row.key_freed = row.number;  // another change may have the key by now
    } else {
        row.signature = signature_digest(who);
        if (!who.key.empty()) by_key_[{who.key, who.caller, who.subject, who.account}] = row.number;
        if (!row.signature.empty()) by_signature_[row.signature] = row.number;
    }
    by_id_[request.id] = row.number;
    return rows_.emplace(row.number, std::move(row)).first->second;
}

void postgresql_batch::write_hold(const postgresql_row& row, const hold& now) {
    for (const std::string& one : row.change.request.server_ids) {
        const auto found = holds_.find({row.change.request.project_id, one});
        if (found == holds_.end()) continue;
        auto& after = found->second.after;
        if (!after || after->change != row.number) continue;
        if (now.type == hold::kind::none)
            after.reset();
        else
            after->until = now.type == hold::kind::until ? std::optional(now.until) : std::nullopt;
    }
}

void postgresql_batch::free_identity(postgresql_row& row, state from) {
    const state to = row.change.current;
    if (to == from) return;
    const ledger::identity& who = row.change.request.identity;
    if (!keeps_key(to) && !who.key.empty() && row.key_freed == 0) {
        row.key_freed = row.number;
        by_key_.erase({who.key, who.caller, who.subject, who.account});
    }
    if (!keeps_signature(to) && !row.signature.empty()) {
        by_signature_.erase(row.signature);
        row.signature.clear();
    }
    if (counts_for_rate(from) == counts_for_rate(to)) return;
    row.is_counted = counts_for_rate(to);
    const auto rate = rates_.find({who.caller, row.change.request.rule});
    if (!row.is_rated || rate == rates_.end()) return;
    std::erase_if(rate->second.all, [&](const counted_change& each) { return each.number == row.number; });
    if (row.is_counted) rate->second.all.push_back({row.number, row.change.request.begun, row.server_count});
    std::ranges::stable_sort(rate->second.all, std::greater(), &counted_change::begun);
}

template <class Write>
moved postgresql_batch::apply_to(postgresql_row& row, const Write& write) {
    const state from = row.change.current;
    auto& kept = evidence_[row.number];
    const auto done = [&] {
        if constexpr (std::is_same_v<Write, writes::evidence>) {
            std::vector<evidence_entry> before;
            for (const kept_evidence& each : kept)
                before.push_back(each.entry);
            return move_change(row, write, before);
        } else {
            return move_change(row, write);
        }
    }();
    // What its own exchange says ends all doubt whether it is still being sent.
    if constexpr (std::is_same_v<Write, writes::answered> || std::is_same_v<Write, writes::unknown>)
        row.is_silent = false;
    if (done.server_hold) write_hold(row, *done.server_hold);
    free_identity(row, from);
    row.is_changed = row.is_changed || done.changes_row || !done.history.empty() || done.found.has_value();
    for (const history_entry& each : done.history)
        new_history_.push_back({row.number, each});
    if (!done.found) return done.result;
    if (done.replaces_last) {
        const auto last = std::find_if(kept.rbegin(), kept.rend(), [&](const kept_evidence& each) {
            return each.entry.source == done.found->source;
        });
        if (last != kept.rend()) {
            if (last->number != 0)
                evidence_to_delete_.emplace_back(row.number, last->number);
            else
                std::erase_if(new_evidence_, [&](const new_evidence& each) {
                    return each.change == row.number && each.entry.source == last->entry.source &&
                           each.entry.time == last->entry.time;
                });
            kept.erase(std::next(last).base());
        }
    }
    kept.push_back({0, *done.found});
    new_evidence_.push_back({row.number, *done.found});
    return done.result;
}

moved postgresql_batch::apply_not_sent(const writes::not_sent& write) {
    if (postgresql_row* const row = find(write.request.id)) return apply_to(*row, write);
    postgresql_row& made = insert(write.request, state::not_sent);
    made.change.reason = write.reason;
    made.change.updated = write.time;
    made.change.ended = write.time;
    new_history_.push_back({made.number, {write.time, std::string(name(state::not_sent)), write.reason}});
    return {moved::fate::done, state::not_sent, ended_change{write.request.operation, write.request.identity.account}};
}

any_result postgresql_batch::apply(const any_write& write) {
    return std::visit(
        [&](const auto& each) -> any_result {
            using kind = std::decay_t<decltype(each)>;
            if constexpr (std::is_same_v<kind, writes::record>) {
                return record(each.request);
            } else if constexpr (std::is_same_v<kind, writes::not_sent>) {
                return outcome<moved>(apply_not_sent(each));
            } else if constexpr (std::is_same_v<typename kind::result, outcome<moved>>) {
                postgresql_row* const row = find(each.id);
                if (row == nullptr) return outcome<moved>(moved{moved::fate::no_change, state::not_sent});
                return outcome<moved>(apply_to(*row, each));
            } else {
                return {};
            }
        },
        write);
}

void postgresql_batch::take_for_unknown(const std::string& id, instant time) {
    postgresql_row* const row = find(id);
    if (row == nullptr) return;
    apply_to(*row, writes::unknown{id, "the process that sent it is gone", time});
    row->is_silent = true;
}

}  // namespace gateway::ledger
