// Step 3: who calls. The caller gets one text for every cause; the outcome line has the cause.

#include <spdlog/spdlog.h>

#include "authentication.hpp"
#include "call.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"
#include "gateway/pipeline/handler.hpp"

namespace gateway::pipeline {

using callers::auth_failure;

own_answer answer_to(auth_failure failure, std::chrono::sys_seconds now) {
    switch (failure) {
        case auth_failure::outside_window:
            return {.code = answer_code::outside_window,
                    .message = "X-Sdk-Date is further from the gateway's time, " + sdk_date(now) +
                               ", than signature_window allows: set the clock and sign again",
                    .allow = {}};
        case auth_failure::replayed:
            return {.code = answer_code::replayed,
                    .message =
                        "this signature was used already, and the call with it may have been carried out: look at "
                        "the server before you repeat it, and sign each call anew",
                    .allow = {},
                    .cloud = delivery::unknown};
        case auth_failure::page_of_another_origin:
            return {.code = answer_code::borrowed_proof,
                    .message =
                        "the request comes from a web page of another origin (Origin, Sec-Fetch-Site), and what "
                        "would prove its caller belongs to the connection: call from a program, or with a key",
                    .allow = {}};
        case auth_failure::foreign_host:
            return {.code = answer_code::borrowed_proof,
                    .message =
                        "Host is not the gateway's: call it by its address or as localhost, or have the name added "
                        "to the listener's `hosts`",
                    .allow = {}};
        default:
            return {.code = answer_code::not_authenticated,
                    .message =
                        "the caller is not authenticated: send exactly one proof that the gateway knows, a "
                        "signature with a key that it issued or an API key, and the client certificate or unix "
                        "user that goes with it",
                    .allow = {}};
    }
}

std::string loggable(std::string_view canonical_request) {
    // Headers whose values are nobody's secret. Of the others a log says how long they are: that is enough to see that
    // somebody on the way has changed one.
    static constexpr std::string_view shown[] = {
        "accept",     "accept-encoding",      "connection",     "content-length", "content-type",
        "host",       "user-agent",           "x-domain-id",    "x-language",     "x-project-id",
        "x-sdk-date", "x-sdk-content-sha256", "x-client-token", "traceparent"};
    constexpr std::size_t longest = 4096;
    std::string text;
    std::size_t line_number = 0;
    bool in_headers = false;
    for (std::string_view rest = canonical_request; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        // Method, path and query are the first three lines; the headers end with an empty one.
        if (line_number == 3) in_headers = true;
        if (line_number >= 3 && line.empty()) in_headers = false;
        ++line_number;
        const std::string_view name = line.substr(0, line.find(':'));
        if (in_headers && std::find(std::begin(shown), std::end(shown), name) == std::end(shown)) {
            text.append(name).append(":(").append(std::to_string(line.size() - name.size() - 1)).append(" bytes)");
        } else {
            text += line;
        }
        if (!rest.empty()) text += '\n';
    }
    return json_string(std::string_view(text).substr(0, longest));
}

namespace {

callers::connection_facts facts_of(http::session& caller) {
    const http::peer& peer = caller.remote();
    return {.listener = caller.listener(),
            .certificate_names = peer.certificate_names,
            .unix_user = peer.unix_user,
            .certificate_until = peer.certificate_until};
}

callers::call_facts facts_of(const operations::match& asked, const policy::project* project) {
    return {.region = project != nullptr ? project->region : std::string_view(),
            .changes = asked.operation->method != "GET"};
}

signing::request as_received(const message::request_head& head, std::string_view payload) {
    return {
        .method = head.method, .path = head.path, .query = head.query, .fields = head.fields.all(), .payload = payload};
}

}  // namespace

bool handler::wants_body(http::session& caller) {
    const auto& head = caller.head();
    const auto found = operations::match_path(head.method, head.path);
    if (!found) return false;
    if (found->operation->body == operations::body_kind::none && head.framing.body == message::body_framing::length)
        return false;
    const snapshot& current = *config_->snapshot;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto* const project = current.rules.find_project(found->project_id);
    return !current.callers.check_head(as_received(head, {}), facts_of(caller), facts_of(*found, project), now);
}

boost::system::result<callers::identity, callers::authentication_error> handler::find_caller(
    call& c, std::chrono::sys_seconds now) {
    const callers::directory& directory = c.snapshot().callers;
    const auto connection = facts_of(c.caller);
    const auto asked = facts_of(c.match, c.project);
    if (c.caller.body_was_left())
        return directory.check_head(as_received(c.caller.head(), {}), connection, asked, now)
            .value_or(callers::authentication_error{.reason = auth_failure::no_proof});
    c.payload = signing::hash_payload(c.caller.body());
    return directory.authenticate(as_received(c.caller.head(), {c.payload.data(), c.payload.size()}), connection, asked,
                                  now, signer_);
}

handler::rejection handler::authenticate(call& c) {
    c.project = c.snapshot().rules.find_project(c.match.project_id);
    const auto now = std::chrono::floor<std::chrono::seconds>(c.record.time);
    const auto found = find_caller(c, now);
    if (found) {
        c.caller_id = found->caller;
        c.record.caller = found->name;
        c.record.proof = callers::name_of(found->proof);
        return std::nullopt;
    }
    const callers::authentication_error& refusal = found.error();
    c.record.auth_failure = callers::name_of(refusal.reason);
    c.record.access_key = refusal.access_key;
    if (refusal.reason == auth_failure::certificate_expired) c.caller.close_after_answer();  // a new one shows its own
    if (spdlog::should_log(spdlog::level::debug)) {
        if (refusal.reason == auth_failure::wrong_signature)
            spdlog::debug(
                "authentication: the signature is another request's than this: request_id={} "
                "canonical_request={}",
                c.request_id(), loggable(signer_.canonical_request()));
        if (refusal.reason == auth_failure::certificate_matches_several)
            spdlog::debug(
                "authentication: the certificate is more than one caller's, so it proves none: request_id={} "
                "callers={}",
                c.request_id(), fmt::join(c.snapshot().callers.callers_of(c.caller.remote().certificate_names), ","));
    }
    return answer_to(refusal.reason, now);
}

}  // namespace gateway::pipeline
