#include "explain_change.hpp"

#include "change_output.hpp"
#include "command.hpp"
#include "ledger_access.hpp"

namespace gateway::cli {

namespace {

using refusal = ledger_opinion::refusal;

std::optional<refusal> find_freeze(ledger::store& from, const ledger::change_request& request, ledger::instant now) {
    for (const ledger::freeze& each : value_of(from.freezes(now))) {
        if (stops(each, request, now))
            return refusal{"403 Gateway.0203",
                           "changes are frozen here: freeze " + each.id + " of " + each.author + ", " + each.reason};
    }
    return std::nullopt;
}

// Servers of the rule's changes that count in the span of its rate.
std::int64_t count_used(ledger::store& from, const ledger::change_request& request, ledger::instant since,
                        ledger::instant now) {
    std::int64_t used = 0;
    ledger::list_filter filter{.caller = request.identity.caller, .since = since, .limit = 200};
    do {
        const ledger::change_page page = value_of(from.list(filter, now));
        for (const ledger::change& each : page.changes) {
            if (each.request.rule == request.rule && counts_for_rate(each.current))
                used += static_cast<std::int64_t>(each.request.server_ids.size());
        }
        filter.marker = page.next_marker;
    } while (!filter.marker.empty());
    return used;
}

std::optional<refusal> find_holder(ledger::store& from, const ledger::change_request& request, ledger::instant now) {
    for (const std::string& server : request.server_ids) {
        ledger::list_filter filter{.project_id = request.project_id, .server_id = server, .ended = false, .limit = 200};
        do {
            const ledger::change_page page = value_of(from.list(filter, now));
            for (const ledger::change& each : page.changes) {
                if (each.holds)
                    return refusal{"409 Gateway.0601", "server " + server + " is held by change " + each.request.id +
                                                           ", which is " + std::string(name(each.current))};
            }
            filter.marker = page.next_marker;
        } while (!filter.marker.empty());
    }
    return std::nullopt;
}

}  // namespace

ledger_opinion ask_ledger(ledger::store& from, const config::rule& rule, const ledger::change_request& request,
                          ledger::instant now) {
    ledger_opinion found;
    found.refused = find_freeze(from, request, now);
    if (rule.rate) {
        const std::int64_t used = count_used(from, request, now - rule.rate->per, now);
        const auto wanted = static_cast<std::int64_t>(request.server_ids.size());
        const std::string text = std::to_string(used) + " of the rule's rate of " + std::to_string(rule.rate->calls) +
                                 " servers are used up by this caller";
        found.notes.push_back(text);
        if (!found.refused && used + wanted > rule.rate->calls) found.refused = refusal{"429 Gateway.0405", text};
    }
    if (!found.refused && request.holds_server) found.refused = find_holder(from, request, now);
    return found;
}

ledger_opinion ask_ledger(const config::settings& settings, const config::rule& rule,
                          const ledger::change_request& request) {
    ledger_opinion found;
    try {
        if (settings.ledger.memory) throw gave_up("it is in the gateway's own memory");
        const auto store = make_store(settings, ledger_access::reader);
        if (const auto cause = store->open()) throw gave_up(shown(cause->reason));
        found = ask_ledger(*store, rule, request, current_time());
    } catch (const gave_up& e) {
        found.notes.push_back(std::string("the ledger was not asked for freezes, the server's hold and the rate: ") +
                              e.what());
    }
    if (rule.key_required)
        found.notes.emplace_back("the rule wants an Idempotency-Key: without one it is 400 Gateway.0204");
    return found;
}

}  // namespace gateway::cli
