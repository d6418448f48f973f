#include "moves.hpp"

#include <string_view>

namespace gateway::ledger {

namespace {

// What is known besides the row, for the hold of an unknown change.
struct hold_evidence {
    std::vector<look> looks{};
    bool order_denies = false;
    std::chrono::microseconds settle_after{};
};

void update_hold(stored_change& row, const hold_evidence& evidence, move_effects& effects) {
    const change_request& request = row.change.request;
    if (!request.holds_server || row.hold_is_over) return;
    const int status = row.change.answer ? row.change.answer->status : 0;
    effects.server_hold = find_hold({
        .current = row.change.current,
        .begun = request.begun,
        .last_good_answer = row.last_good_answer.value_or(request.begun),
        .looks = evidence.looks,
        .maybe_prepaid = request.is_prepaid.value_or(true),
        .order_denies = evidence.order_denies,
        .got_4xx = status >= 400 && status <= 499,
        .settle_after = evidence.settle_after,
    });
    row.hold_is_over = effects.server_hold->type == hold::kind::none;
}

void learn(facts& known, const facts& more) {
    for (const auto member :
         {&facts::job_id, &facts::order_id, &facts::amount, &facts::currency, &facts::code, &facts::message}) {
        if (!(more.*member).empty()) known.*member = more.*member;
    }
}

struct step {
    state to;
    ledger::cause cause;
    instant time;
    std::string_view detail;
    std::optional<instant> due;  // to look again; left out: at once
};

// An end that came after its caller was answered has to be reported. The first look at a job comes a little later than
// its beginning.
std::optional<instant> next_due(state from, const step& s) {
    constexpr auto first_look = std::chrono::seconds(2);
    if (has_ended(s.to)) return from == state::sending ? std::nullopt : std::optional(s.time);
    return s.due.value_or(s.to == state::accepted ? s.time + first_look : s.time);
}

// Takes the arrow if there is one. The row is written in any case: what was learnt is kept.
move_effects take(stored_change& row, const step& s) {
    change& c = row.change;
    row.claimed_by.clear();
    const state from = c.current;
    const arrow found = find_arrow(from, has_ended(from) && !c.resolved_by.empty(), s.to, s.cause);
    c.updated = s.time;
    move_effects effects{.changes_row = true};
    if (found == arrow::none) {
        if (from == state::sending) row.due.reset();
        if (!has_ended(from) && from != state::sending) row.due = s.due.value_or(s.time);
        effects.result = {from == s.to ? moved::fate::done : moved::fate::no_arrow, from};
        return effects;
    }
    c.current = s.to;
    c.ended = has_ended(s.to) ? std::optional(s.time) : std::nullopt;
    if (s.to == state::accepted) row.last_good_answer = s.time;
    if (found == arrow::contradiction) {
        c.was_contradicted = true;
        c.resolved_by.clear();
        effects.history.push_back(
            {s.time, "contradicted", "the cloud's own answer came after the end that was believed"});
    }
    update_hold(row, {}, effects);
    row.due = next_due(from, s);
    effects.history.push_back({s.time, std::string(name(s.to)), std::string(s.detail)});
    effects.result = {found == arrow::contradiction ? moved::fate::contradicted : moved::fate::done, s.to};
    if (c.ended && !has_ended(from)) effects.result.end = {c.request.operation, c.request.identity.account};
    return effects;
}

bool is_fenced_off(const stored_change& row, std::optional<std::int64_t> fence) { return fence && *fence != row.fence; }

move_effects fenced_off(const stored_change& row) { return {.result = {moved::fate::fenced_off, row.change.current}}; }

void weigh(hold_evidence& known, const evidence_entry& each) {
    const bool denies = each.says == "did_not";
    if (each.says == "nothing") return;
    if (each.source == "server") known.looks.push_back({each.time, denies});
    if (each.source == "order") known.order_denies = denies;
}

// Whether the two looks before said the same: then the last of them gives way to the new one, so that what is kept of a
// change that stays unknown for days does not grow. The first and the last look at the server are what decides.
bool says_the_same_again(std::span<const evidence_entry> before, const evidence_entry& found) {
    int same = 0;
    for (auto each = before.rbegin(); each != before.rend() && same < 2; ++each) {
        if (each->source != found.source) continue;
        if (each->says != found.says) return false;
        ++same;
    }
    return same == 2;
}

}  // namespace

stored_change begin_change(const change_request& request) {
    stored_change row;
    row.change.request = request;
    row.change.updated = request.begun;
    return row;
}

move_effects move_change(stored_change& row, const writes::answered& write) {
    change& c = row.change;
    learn(c.known, write.learnt);
    if (!write.answer.body.empty() && write.answer.body.size() <= max_kept_body) c.answer = write.answer;
    const std::string detail = "answer " + std::to_string(write.answer.status) +
                               (write.learnt.code.empty() ? std::string() : " " + write.learnt.code);
    const bool is_late = c.current != state::sending;
    state to = write.meaning;
    // Where an end was believed, the order is read by whoever follows the change.
    if (is_late && to == state::awaiting_payment && has_ended(c.current)) to = state::accepted;
    return take(row, {to, is_late ? cause::late_answer : cause::exchange, write.time, detail, std::nullopt});
}

move_effects move_change(stored_change& row, const writes::unknown& write) {
    if (row.change.current == state::sending) row.change.reason = write.reason;
    return take(row, {state::unknown, cause::exchange, write.time, write.reason, std::nullopt});
}

move_effects move_change(stored_change& row, const writes::not_sent& write) {
    if (row.change.current == state::sending) row.change.reason = write.reason;
    return take(row, {state::not_sent, cause::exchange, write.time, write.reason, std::nullopt});
}

move_effects move_change(stored_change& row, const writes::evidence& write, std::span<const evidence_entry> before) {
    if (is_fenced_off(row, write.fence)) return fenced_off(row);
    move_effects effects{.result = {moved::fate::done, row.change.current}};
    effects.found = evidence_entry{write.time, write.source, write.says, write.detail};
    effects.replaces_last = says_the_same_again(before, *effects.found);
    if (row.change.current != state::unknown) return effects;
    if (write.is_prepaid) row.change.request.is_prepaid = write.is_prepaid;
    hold_evidence known{.settle_after = write.settle_after};
    for (const evidence_entry& each : before)
        weigh(known, each);
    weigh(known, *effects.found);
    update_hold(row, known, effects);
    row.change.updated = write.time;
    row.due = write.due;
    effects.changes_row = true;
    return effects;
}

move_effects move_change(stored_change& row, const writes::followed& write) {
    if (is_fenced_off(row, write.fence)) return fenced_off(row);
    change& c = row.change;
    if (has_ended(c.current)) return {.result = {moved::fate::no_arrow, c.current}};
    move_effects effects{.result = {moved::fate::done, c.current}, .changes_row = true};
    if (!write.job_status.empty()) {
        c.job_status = write.job_status;
        row.last_good_answer = write.time;
        if (c.current == state::accepted) update_hold(row, {}, effects);
    }
    c.updated = write.time;
    row.due = write.due;
    row.claimed_by.clear();
    return effects;
}

move_effects move_change(stored_change& row, const writes::settle& write) {
    if (is_fenced_off(row, write.fence)) return fenced_off(row);
    learn(row.change.known, write.learnt);
    if (!write.evidence.empty()) row.change.evidence = write.evidence;
    return take(row, {write.to, write.cause, write.time, write.detail, write.due});
}

move_effects move_change(stored_change& row, const writes::resolve& write) {
    const state from = row.change.current;
    if (find_arrow(from, false, write.to, cause::operators) == arrow::none)
        return {.result = {moved::fate::no_arrow, from}};
    row.change.resolved_by = write.author;
    row.change.reason = write.reason;
    return take(row,
                {write.to, cause::operators, write.time, "by " + write.author + ": " + write.reason, std::nullopt});
}

move_effects move_change(stored_change& row, const writes::hand_back& write) {
    if (is_fenced_off(row, write.fence)) return fenced_off(row);
    if (!row.due) return {.result = {moved::fate::done, row.change.current}};
    row.due = write.due;
    row.claimed_by.clear();
    return {.result = {moved::fate::done, row.change.current}, .changes_row = true};
}

// What a command has ended was counted by nobody yet.
move_effects move_change(stored_change& row, const writes::reported& write) {
    if (is_fenced_off(row, write.fence)) return fenced_off(row);
    const change& c = row.change;
    if (!has_ended(c.current)) return {.result = {moved::fate::no_arrow, c.current}};
    move_effects effects{.result = {moved::fate::done, c.current}, .changes_row = true};
    if (!c.resolved_by.empty()) effects.result.end = {c.request.operation, c.request.identity.account};
    row.due.reset();
    row.claimed_by.clear();
    return effects;
}

}  // namespace gateway::ledger
