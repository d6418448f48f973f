// The gateway's own answers about changes. What a field says, the message says too: the official SDKs show no fields.

#include <algorithm>

#include "gateway/base/time.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline::answers {

using ledger::state;

namespace {

// Where a caller sees more of a change.
std::string place_of(std::string_view project_id, std::string_view id) {
    return std::string("GET /gateway/v1/").append(project_id).append("/changes/").append(id);
}

std::string text_of(ledger::instant time) {
    std::string text;
    append_rfc3339(text, time);
    return text;
}

// "everywhere", or "account acme, server s, operations resize".
std::string text_of(const ledger::freeze_scope& scope) {
    std::string text;
    const auto add = [&text](std::string_view kind, std::string_view name) {
        if (name.empty()) return;
        if (!text.empty()) text += ", ";
        text.append(kind).append(" ").append(name);
    };
    add("account", scope.account);
    add("caller", scope.caller);
    add("server", scope.server_id);
    for (const std::string& operation : scope.operations)
        add("operation", operation);
    return text.empty() ? "everywhere" : text;
}

own_answer about(const first_change& first, answer_code code, delivery cloud, std::string message) {
    return {.code = code,
            .message = std::move(message),
            .allow = {},
            .cloud = cloud,
            .change = {.id = std::string(first.id),
                       .state = ledger::name(first.current),
                       .busy_with = {},
                       .awaiting_payment = {}}};
}

std::string the_first(const first_change& first) {
    return std::string("the first call with this key or signature made change ").append(first.id);
}

}  // namespace

own_answer malformed_field(std::string_view problem) {
    return {.code = answer_code::malformed_field, .message = std::string(problem), .allow = {}};
}

own_answer key_required(std::string_view rule) {
    return {.code = answer_code::key_required,
            .message = std::string("rule ").append(rule) +
                       " wants an Idempotency-Key on each change: send one that is new for each change and the same "
                       "for each repeat of it",
            .allow = {}};
}

own_answer frozen(const ledger::freeze& freeze) {
    std::string message = "changes are frozen here (" + text_of(freeze.scope) + ") since " + text_of(freeze.since);
    if (freeze.until) message += " until " + text_of(*freeze.until);
    return {.code = answer_code::frozen, .message = message + ": " + freeze.reason, .allow = {}};
}

own_answer ledger_unavailable(const ledger::unavailable& cause) {
    return {.code = answer_code::no_ledger,
            .message = "the gateway can't record changes just now, so it sends none (" + cause.reason + ")",
            .allow = {},
            .retry_after = std::chrono::seconds(5)};
}

own_answer recorded_too_late(std::chrono::milliseconds allowed) {
    return ledger_unavailable(
        {ledger::trouble::overloaded,
         "the change was recorded later than timeouts.ledger allows, " + std::to_string(allowed.count()) + " ms"});
}

own_answer server_busy(const ledger::busy& conflict, ledger::instant now) {
    const ledger::change& holder = conflict.holder;
    const std::string& id = holder.request.id;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - holder.request.begun);
    std::string message = "server " + conflict.server_id + " is held by change " + id + ", which is " +
                          std::string(ledger::name(holder.current)) + " and began " +
                          std::to_string(std::max<std::int64_t>(age.count(), 0)) + " s ago; " +
                          place_of(holder.request.project_id, id) + " shows it. Nothing was sent: call again when it ";
    message += holder.current == state::unknown
                   ? "is resolved, or, where the rule permits it, with X-Gateway-After: " + id +
                         " when you have looked at the server"
                   : "has ended";
    return {.code = answer_code::server_busy,
            .message = std::move(message),
            .allow = {},
            .change = {.id = {}, .state = {}, .busy_with = id, .awaiting_payment = {}}};
}

own_answer other_request(const ledger::other_request& first) {
    return {.code = answer_code::other_request,
            .message = "this key or signature was used for another request, which made change " + first.id +
                       ": the body, the path or the project differs. A new change needs a new key",
            .allow = {},
            .change = {.id = first.id, .state = {}, .busy_with = {}, .awaiting_payment = {}}};
}

own_answer no_such_change() {
    return {.code = answer_code::no_change,
            .message = "this project has no such change, or it is another caller's",
            .allow = {}};
}

own_answer change_document(std::string json) {
    return {.code = answer_code::document,
            .message = {},
            .allow = {},
            .document = own_document{.status = 200, .content_type = "application/json", .body = std::move(json)}};
}

own_answer recorded(const first_change& first, const ledger::kept_answer& answer) {
    own_answer replayed = about(first, answer_code::document, delivery::answered, {});
    replayed.change.is_replayed = true;
    replayed.document = own_document{
        .status = static_cast<unsigned>(answer.status), .content_type = answer.content_type, .body = answer.body};
    return replayed;
}

own_answer first_is_sending(const first_change& first) {
    own_answer answer = about(first, answer_code::first_sending, delivery::unknown,
                              the_first(first) + ", which is still being sent: call again with the same key");
    answer.retry_after = std::chrono::seconds(1);
    return answer;
}

own_answer first_is_unknown(const first_change& first) {
    return about(first, answer_code::first_unknown, delivery::unknown,
                 the_first(first) +
                     ", which is unknown: it was or may have been sent, and no answer says what became of it. Don't "
                     "repeat it, with any key: look at the server's state, or at " +
                     place_of(first.project_id, first.id));
}

own_answer signature_used_up(const first_change& first) {
    return about(first, answer_code::signature_used_up, delivery::not_sent,
                 std::string("the first call with this signature made change ").append(first.id) + ", which is " +
                     std::string(ledger::name(first.current)) + ": nothing was done. Sign the call anew to do it now");
}

own_answer first_kept_no_answer(const first_change& first, std::string_view reason) {
    std::string message = the_first(first) + ", which ended as " + std::string(ledger::name(first.current)) +
                          ", and no answer of it was kept";
    if (!reason.empty()) message.append(" (").append(reason).append(")");
    message += "; " + place_of(first.project_id, first.id) + " shows it. A new change needs a new key";
    const delivery cloud = first.current == state::not_known ? delivery::unknown : delivery::answered;
    return about(first, answer_code::no_kept_answer, cloud, std::move(message));
}

}  // namespace gateway::pipeline::answers
