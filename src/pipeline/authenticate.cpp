// Step 3: who calls. The caller gets one text for every cause; the outcome line has the cause.

#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "call.hpp"
#include "gateway/pipeline/answers.hpp"
#include "gateway/pipeline/handler.hpp"
#include "loggable.hpp"

namespace gateway::pipeline {

using callers::auth_failure;

namespace {

callers::connection_facts facts_of(http::session& caller) {
    const http::peer& peer = caller.remote();
    return {.listener = caller.listener(),
            .certificate_names = peer.certificate_names,
            .unix_user = peer.unix_user,
            .certificate_until = peer.certificate_until};
}

callers::call_facts facts_of(const policy::project* project) {
    return {.region = project != nullptr ? project->region : std::string_view()};
}

signing::request as_received(const message::request_head& head, std::string_view payload) {
    return {
        .method = head.method, .path = head.path, .query = head.query, .fields = head.fields.all(), .payload = payload};
}

}  // namespace

bool handler::wants_body(http::session& caller) const {
    const auto& head = caller.head();
    const auto found = operations::match_path(head.method, head.path);
    if (!found) return false;
    if (found->candidates.front().body == operations::body_kind::none &&
        head.framing.body == message::body_framing::length)
        return false;
    const snapshot& current = *resources_->config->snapshot;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto* const project = current.rules.find_project(found->project_id);
    return !current.callers.check_head(as_received(head, {}), facts_of(caller), facts_of(project), now);
}

rejection call::authenticate() {
    project_ = snapshot().rules.find_project(match_.project_id);
    const auto now = std::chrono::floor<std::chrono::seconds>(record_.time);
    const auto found = find_caller(now);
    if (found) {
        caller_id_ = found->caller;
        record_.caller = found->name;
        record_.proof = callers::name_of(found->proof);
        return {};
    }
    const callers::authentication_error& error = found.error();
    record_.auth_failure = callers::name_of(error.reason);
    record_.access_key = error.access_key;
    if (error.reason == auth_failure::certificate_expired) caller_.close_after_answer();  // a new one shows its own
    if (spdlog::should_log(spdlog::level::debug)) log_failure(error.reason);
    return answers::not_authenticated(error.reason, now);
}

boost::system::result<callers::identity, callers::authentication_error> call::find_caller(
    std::chrono::sys_seconds now) {
    const callers::directory& directory = snapshot().callers;
    const auto connection = facts_of(caller_);
    const auto asked = facts_of(project_);
    if (caller_.body_was_left())
        return directory.check_head(as_received(caller_.head(), {}), connection, asked, now)
            .value_or(callers::authentication_error{.reason = auth_failure::no_proof});
    payload_ = signing::hash_payload(caller_.body());
    return directory.authenticate(as_received(caller_.head(), {payload_.data(), payload_.size()}), connection, asked,
                                  now, resources_.signer);
}

void call::log_failure(auth_failure cause) const {
    if (cause == auth_failure::wrong_signature)
        spdlog::debug(
            "authentication: the signature is another request's than this: request_id={} canonical_request={}",
            request_id(), loggable(resources_.signer.canonical_request()));
    if (cause == auth_failure::certificate_matches_several)
        spdlog::debug(
            "authentication: the certificate is more than one caller's, so it proves none: request_id={} callers={}",
            request_id(), fmt::join(snapshot().callers.callers_of(caller_.remote().certificate_names), ","));
}

}  // namespace gateway::pipeline
