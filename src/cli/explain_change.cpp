#include "explain_change.hpp"

#include "change_output.hpp"
#include "command.hpp"
#include "gateway/pipeline/answers.hpp"
#include "ledger_access.hpp"

namespace gateway::cli {

namespace {

void look_for_freeze(ledger::store& from, const ledger::change_request& request, ledger_opinion& found) {
    for (const ledger::freeze& each : value_of(from.freezes(request.begun))) {
        if (!stops(each, request, request.begun)) continue;
        found.refused = pipeline::answers::frozen(each);
        found.notes.push_back("freeze " + shown(each.id) + " of " + shown(each.author));
        return;
    }
}

void look_at_rate(ledger::store& from, const ledger::change_request& request, ledger_opinion& found) {
    const ledger::rate_limit& limit = *request.rate;
    const auto counted = value_of(from.counted_changes(request));
    std::int64_t used = 0;
    for (const ledger::counted_change& each : counted)
        used += each.servers;
    found.notes.push_back(std::to_string(used) + " of the rule's rate of " + std::to_string(limit.calls) +
                          " servers are used up by this caller");
    const auto delay = find_rate_delay(counted, request);
    if (!found.refused && delay) found.refused = pipeline::answers::over_rate(request.rule, *delay);
}

void look_for_holder(ledger::store& from, const ledger::change_request& request, ledger_opinion& found) {
    for (const std::string& server : request.server_ids) {
        ledger::list_filter filter{.project_id = request.project_id, .server_id = server, .ended = false, .limit = 200};
        do {
            const ledger::change_page page = value_of(from.list(filter, request.begun));
            for (const ledger::change& each : page.changes) {
                if (!each.holds) continue;
                found.refused = pipeline::answers::server_busy({server, each}, request.begun);
                return;
            }
            filter.marker = page.next_marker;
        } while (!filter.marker.empty());
    }
}

ledger_opinion ask(ledger::store& from, const ledger::change_request& request) {
    ledger_opinion found;
    look_for_freeze(from, request, found);
    if (request.rate) look_at_rate(from, request, found);
    if (!found.refused && request.holds_server) look_for_holder(from, request, found);
    return found;
}

}  // namespace

ledger_opinion ask_ledger(const config::settings& settings, const config::rule& rule,
                          const ledger::change_request& request) {
    ledger_opinion found;
    try {
        if (settings.ledger.memory) throw gave_up("it is in the gateway's own memory");
        const auto store = make_store(settings, ledger_access::reader);
        if (const auto cause = store->open()) throw gave_up(shown(cause->reason));
        found = ask(*store, request);
    } catch (const gave_up& e) {
        found.notes.push_back(std::string("the ledger was not asked for freezes, the server's hold and the rate: ") +
                              e.what());
    }
    if (rule.key_required)
        found.notes.emplace_back("the rule wants an Idempotency-Key: without one it is 400 Gateway.0204");
    return found;
}

}  // namespace gateway::cli
