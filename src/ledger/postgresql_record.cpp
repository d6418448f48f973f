// The checks of a record, in their order, and the record itself; all in what was read for the batch.
#include <algorithm>

#include "postgresql_batch.hpp"
#include "row_texts.hpp"

namespace gateway::ledger {

namespace {

found_repeat as_repeat(const postgresql_row& found, const ledger::identity& identity, bool by_signature) {
    const change& first = found.change;
    if (first.request.identity.fingerprint != identity.fingerprint) return other_request{first.request.id};
    return repeat{first.request.id, first.current, first.answer, first.known, first.reason, by_signature};
}

}  // namespace

found_repeat postgresql_batch::find_repeat(const ledger::identity& who) {
    if (!who.key.empty()) {
        const auto found = by_key_.find({who.key, who.caller, who.subject, who.account});
        if (found != by_key_.end()) return as_repeat(by_number(found->second), who, false);
    }
    if (const std::string digest = signature_digest(who); !digest.empty()) {
        const auto found = by_signature_.find(digest);
        if (found != by_signature_.end()) return as_repeat(by_number(found->second), who, true);
    }
    return {};
}

// The seconds after which so many more servers fit into the rate; nothing when they do now.
std::optional<std::int64_t> postgresql_batch::find_holder(const server& at, instant now) const {
    const auto found = holds_.find(at);
    if (found == holds_.end() || !found->second.after) return std::nullopt;
    const held& hold = *found->second.after;
    if (hold.until && *hold.until <= now) return std::nullopt;
    return hold.change;
}

// Who holds one of the servers, unless it is the unknown change that the request takes over.
std::optional<busy> postgresql_batch::find_conflict(const change_request& request) {
    for (const std::string& one : request.server_ids) {
        const auto holder = find_holder({request.project_id, one}, request.begun);
        if (!holder) continue;
        change found = by_number(*holder).change;
        if (found.current == state::unknown && found.request.id == request.after) continue;
        found.holds = true;
        return busy{one, std::move(found)};
    }
    return std::nullopt;
}

// A hold whose time is over goes, too; that of an unknown change only where the request takes it over.
void postgresql_batch::take_servers(const change_request& request, const postgresql_row& row) {
    for (const std::string& one : request.server_ids) {
        const server at{request.project_id, one};
        if (const auto slot = holds_.find(at); slot != holds_.end() && slot->second.after) {
            const bool stands = find_holder(at, request.begun).has_value();
            postgresql_row& holder = by_number(slot->second.after->change);
            holder.is_changed = true;  // so that a hold that was prolonged meanwhile is a conflict
            if (stands) {
                holder.hold_is_over = true;
                new_history_.push_back({holder.number,
                                        {request.begun, "taken_over",
                                         "by change " + request.id + " of caller " + request.identity.caller}});
                for (auto& [place, each] : holds_) {
                    if (each.after && each.after->change == holder.number) each.after.reset();
                }
            }
        }
        holds_[at].after = held{row.number, std::nullopt};
    }
}

// The youngest of the server's last changes whose order waits.
std::string postgresql_batch::find_awaiting_payment(const change_request& request) const {
    for (const std::string& one : request.server_ids) {
        for (auto each = rows_.rbegin(); each != rows_.rend(); ++each) {
            const change& c = each->second.change;
            if (c.current == state::awaiting_payment && c.request.project_id == request.project_id &&
                std::ranges::find(c.request.server_ids, one) != c.request.server_ids.end())
                return c.request.id;
        }
    }
    return {};
}

record_result postgresql_batch::record(const change_request& request) {
    found_repeat first = find_repeat(request.identity);
    if (auto* same = std::get_if<repeat>(&first)) return std::move(*same);
    if (auto* other = std::get_if<other_request>(&first)) return std::move(*other);
    const auto& freezes = freezes_->all;
    const auto freeze = std::ranges::find_if(freezes, [&](const auto& f) { return stops(f, request, request.begun); });
    if (freeze != freezes.end()) return frozen{*freeze};
    if (request.rate) {
        if (const auto delay = find_rate_delay(rates_[{request.identity.caller, request.rule}].all, request))
            return over_rate{*delay};
    }
    if (request.holds_server) {
        if (auto conflict = find_conflict(request)) return std::move(*conflict);
    }
    recorded made;
    if (request.holds_server) made.awaiting_payment = find_awaiting_payment(request);
    if (find(request.id) != nullptr)
        return unavailable{trouble::failing, "the ledger has a change of that id already: " + request.id};
    const postgresql_row& row = insert(request, state::sending);
    if (request.holds_server) take_servers(request, row);
    if (request.rate) {
        auto& rate = rates_[{request.identity.caller, request.rule}];
        rate.is_changed = true;
        rate.all.push_back({row.number, request.begun, row.server_count});
        std::ranges::stable_sort(rate.all, std::greater(), &counted_change::begun);
    }
    return made;
}

}  // namespace gateway::ledger
