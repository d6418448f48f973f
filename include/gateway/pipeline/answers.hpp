#pragma once
// Every answer that the gateway gives itself, by its name: what is wrong, and what the caller can do about it. The
// table of docs/answers.md lists their codes. Pure; no text holds a secret.

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/callers/auth_failure.hpp"
#include "gateway/http/session.hpp"
#include "gateway/ledger/writes.hpp"
#include "gateway/pipeline/own_answer.hpp"
#include "gateway/upstream/failure.hpp"

namespace gateway::pipeline::answers {

// No request to handle.
[[nodiscard]] own_answer calls_not_recorded();
[[nodiscard]] own_answer rejected_request(const http::rejection& rejected);

// No operation. `allow`: the methods of the path; `problem`: what is wrong with the path or the query string.
[[nodiscard]] own_answer server_options();
[[nodiscard]] own_answer no_operation(std::string_view problem);
[[nodiscard]] own_answer wrong_method(const std::string& allow);
[[nodiscard]] own_answer query_not_expected();
[[nodiscard]] own_answer malformed_query(std::string_view problem);

// No caller. One answer for all causes, but those that the caller can do something about and that help no guesser.
[[nodiscard]] own_answer not_authenticated(callers::auth_failure cause, std::chrono::sys_seconds now);

// No body that the operation can use.
[[nodiscard]] own_answer body_not_expected();
[[nodiscard]] own_answer wrong_media_type();
[[nodiscard]] own_answer bad_body(std::string_view json_pointer, std::string_view problem);
[[nodiscard]] own_answer unknown_member(std::string denial);

// Not allowed. `denial` names the rule and what failed.
[[nodiscard]] own_answer unknown_project();
[[nodiscard]] own_answer denied(std::string denial);
[[nodiscard]] own_answer over_rate(std::string_view rule, std::chrono::seconds retry_after);
[[nodiscard]] own_answer too_many_in_flight(std::string_view rule, std::chrono::seconds retry_after);

// Nothing to sign with, or nothing that the cloud accepts.
[[nodiscard]] own_answer no_credential(std::string_view credential, std::string_view reason,
                                       std::chrono::seconds retry_after);
[[nodiscard]] own_answer credential_refused(std::string_view credential, std::chrono::seconds clock_skew);

// No whole answer of the cloud's.
[[nodiscard]] own_answer failed_exchange(const upstream::failure& failure);

// Of changes (docs/changes.md). `problem`: a sentence.
[[nodiscard]] own_answer malformed_field(std::string_view problem);
[[nodiscard]] own_answer key_required(std::string_view rule);
[[nodiscard]] own_answer frozen(const ledger::freeze& freeze);
[[nodiscard]] own_answer ledger_unavailable(const ledger::unavailable& cause);
[[nodiscard]] own_answer recorded_too_late(std::chrono::milliseconds allowed);
[[nodiscard]] own_answer server_busy(const ledger::busy& conflict, ledger::instant now);
[[nodiscard]] own_answer other_request(const ledger::other_request& first);
[[nodiscard]] own_answer no_such_change();
[[nodiscard]] own_answer change_document(std::string json);

// Of repeats: the change that the first call made.
struct first_change {
    std::string_view id;
    ledger::state current;
    std::string_view project_id;
};
[[nodiscard]] own_answer recorded(const first_change& first, const ledger::kept_answer& answer);
[[nodiscard]] own_answer first_is_sending(const first_change& first);
[[nodiscard]] own_answer first_is_unknown(const first_change& first);
[[nodiscard]] own_answer signature_used_up(const first_change& first);
[[nodiscard]] own_answer first_kept_no_answer(const first_change& first, std::string_view reason);

}  // namespace gateway::pipeline::answers
