#include "explain_change.hpp"

#include <algorithm>

#include "change_output.hpp"
#include "command.hpp"
#include "gateway/pipeline/answers.hpp"
#include "ledger_access.hpp"

namespace gateway::cli {

namespace {

void look_for_freeze(ledger::store& from, const ledger::change_request& request, ledger::instant now,
                     ledger_opinion& found) {
    for (const ledger::freeze& each : value_of(from.freezes(now))) {
        if (!stops(each, request, now)) continue;
        found.refused = pipeline::answers::frozen(each);
        found.notes.push_back("freeze " + shown(each.id) + " of " + shown(each.author));
        return;
    }
}

// Servers of the rule's changes that count in the span of its rate, and when the first of them began.
struct used_rate {
    std::int64_t servers = 0;
    ledger::instant first = ledger::instant::max();
};
used_rate count_used(ledger::store& from, const ledger::change_request& request, ledger::instant since,
                     ledger::instant now) {
    used_rate used;
    ledger::list_filter filter{.caller = request.identity.caller, .since = since, .limit = 200};
    do {
        const ledger::change_page page = value_of(from.list(filter, now));
        for (const ledger::change& each : page.changes) {
            if (each.request.rule != request.rule || !counts_for_rate(each.current)) continue;
            used.servers += static_cast<std::int64_t>(each.request.server_ids.size());
            used.first = std::min(used.first, each.request.begun);
        }
        filter.marker = page.next_marker;
    } while (!filter.marker.empty());
    return used;
}

void look_at_rate(ledger::store& from, const ledger::change_request& request, ledger::instant now,
                  ledger_opinion& found) {
    const ledger::rate_limit& limit = *request.rate;
    const used_rate used = count_used(from, request, now - limit.per, now);
    found.notes.push_back(std::to_string(used.servers) + " of the rule's rate of " + std::to_string(limit.calls) +
                          " servers are used up by this caller");
    const auto wanted = static_cast<std::int64_t>(request.server_ids.size());
    if (found.refused || used.servers + wanted <= limit.calls) return;
    const auto delay = used.servers == 0 ? limit.per : used.first + limit.per - now;
    found.refused = pipeline::answers::over_rate(request.rule, std::chrono::ceil<std::chrono::seconds>(delay));
}

void look_for_holder(ledger::store& from, const ledger::change_request& request, ledger::instant now,
                     ledger_opinion& found) {
    for (const std::string& server : request.server_ids) {
        ledger::list_filter filter{.project_id = request.project_id, .server_id = server, .ended = false, .limit = 200};
        do {
            const ledger::change_page page = value_of(from.list(filter, now));
            for (const ledger::change& each : page.changes) {
                if (!each.holds) continue;
                found.refused = pipeline::answers::server_busy({server, each}, now);
                return;
            }
            filter.marker = page.next_marker;
        } while (!filter.marker.empty());
    }
}

}  // namespace

ledger_opinion ask_ledger(ledger::store& from, const ledger::change_request& request, ledger::instant now) {
    ledger_opinion found;
    look_for_freeze(from, request, now, found);
    if (request.rate) look_at_rate(from, request, now, found);
    if (!found.refused && request.holds_server) look_for_holder(from, request, now, found);
    return found;
}

ledger_opinion ask_ledger(const config::settings& settings, const config::rule& rule,
                          const ledger::change_request& request) {
    ledger_opinion found;
    try {
        if (settings.ledger.memory) throw gave_up("it is in the gateway's own memory");
        const auto store = make_store(settings, ledger_access::reader);
        if (const auto cause = store->open()) throw gave_up(shown(cause->reason));
        found = ask_ledger(*store, request, current_time());
    } catch (const gave_up& e) {
        found.notes.push_back(std::string("the ledger was not asked for freezes, the server's hold and the rate: ") +
                              e.what());
    }
    if (rule.key_required)
        found.notes.emplace_back("the rule wants an Idempotency-Key: without one it is 400 Gateway.0204");
    return found;
}

}  // namespace gateway::cli
