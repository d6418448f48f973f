#include "repeat.hpp"

#include <string>

#include "gateway/base/escape.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

using ledger::state;

namespace {

// How the cloud answers, by what is known: {"job_id":"…","order_id":"…"}.
std::string body_of(const ledger::facts& known) {
    std::string body = "{";
    const auto add = [&body](std::string_view key, const std::string& value) {
        if (value.empty()) return;
        if (body.size() > 1) body += ',';
        body.append("\"").append(key).append("\":");
        append_json_string(body, value);
    };
    add("job_id", known.job_id);
    add("order_id", known.order_id);
    return body + '}';
}

bool took_place(state s) { return s == state::accepted || s == state::awaiting_payment || s == state::succeeded; }

}  // namespace

std::optional<own_answer> answer_to_repeat(const ledger::repeat& first, std::string_view project_id) {
    const answers::first_change change{first.id, first.current, project_id};
    if (first.current == state::sending) return std::nullopt;
    if (first.current == state::unknown) return answers::first_is_unknown(change);
    if (first.current == state::not_applied) return answers::signature_used_up(change);
    if (first.answer) return answers::recorded(change, *first.answer);
    if (took_place(first.current)) return answers::recorded(change, {200, "application/json", body_of(first.known)});
    if (first.current == state::refused && first.by_signature) return answers::signature_used_up(change);
    return answers::first_kept_no_answer(change, first.reason);
}

}  // namespace gateway::pipeline
