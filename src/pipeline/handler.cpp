#include "gateway/pipeline/handler.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <boost/smart_ptr/make_local_shared.hpp>
#include <random>
#include <utility>

#include "call.hpp"
#include "gateway/base/append.hpp"
#include "gateway/base/hide.hpp"
#include "gateway/base/time.hpp"
#include "gateway/operations/media_type.hpp"
#include "gateway/operations/query.hpp"
#include "gateway/pipeline/forwarding.hpp"
#include "trace.hpp"

namespace gateway::pipeline {

using namespace std::string_view_literals;  // a literal as a view: its length is known, where append(const char*)
                                            // counts

using std::chrono::steady_clock;

namespace {

// A body up to this size goes out in one piece with its head: to copy it costs less than to have the kernel gather two.
constexpr std::size_t max_together = 4096;

constexpr auto no_body_expected = "this operation takes no body: leave it out"sv;
// Of every body that goes to the cloud.
constexpr std::string_view body_type = "application/json";

}  // namespace

// The path of a call.
task<> handler::operator()(http::session& caller) {
    call c(*this, caller);
    if (!records_.has_room()) c.recorded = co_await wait_for_outcome_log();

    rejection rejected = match_operation(c);    // 1. one request within its limits, 2. and its operation
    if (!rejected) rejected = authenticate(c);  // 3. who calls
    if (!rejected) rejected = read_body(c);     // 4. what is asked for, to the letter
    if (!rejected) rejected = authorize(c);     // 5. whether it may, and as whom
    if (!rejected) rejected = acquire_credential(c, c.authorized_at);  // 6. with that credential,
    if (c.awaits_credential) {                                         //    which may have to be fetched first,
        auto waited = co_await wait_for_credential(c);
        rejected = std::move(waited);
    }
    if (!rejected) rejected = sign(c);  //    afresh
    if (rejected) {
        co_await send_own_answer(c, *rejected);
        co_return;
    }
    for (bool again = false;; again = true) {
        c.sent_at = steady_clock::now();
        c.record.outcome = delivery::unknown;  // until the answer is there: what a call that is cut off leaves behind
        const upstream::request request{c.space->request, c.separate_body, c.match.operation->method == "GET"};
        auto got = co_await c.config->client.exchange(c.project->region_index, request);
        if (!got) {
            co_await send_failure(c, got.error(), again);
            co_return;
        }
        measure_clock_skew(c, got->head());
        if (got->head().status != 401) {
            on_credential_accepted(c, got->head());
            co_await send_response(c, *got);  // 7. as it came
            co_return;
        }
        const bool once_more = co_await sign_again(c, *got, again);
        if (!once_more) co_return;
    }
}  // 8. the outcome line: ~call()

handler::rejection handler::match_operation(call& c) {
    if (!c.recorded) {
        return own_answer{.code = answer_code::no_capacity,
                          .message = "the gateway can't record calls just now, so it takes none",
                          .allow = {},
                          .retry_after = std::chrono::seconds(5)};
    }
    if (c.caller.rejected()) return answer_to(*c.caller.rejected());

    const auto& head = c.caller.head();
    if (const field* const trace = head.fields.find(message::known::traceparent))
        c.record.trace_id = trace_id_of(trace->value);
    if (head.path == "*")  // RFC 9110, 9.3.7: what the server as a whole can do
        return own_answer{.code = answer_code::server_options, .message = {}, .allow = "GET, POST, OPTIONS"};
    const auto found = operations::match_path(head.method, head.path);
    if (!found) {
        const bool no_path = found.error().allow.empty();
        return own_answer{.code = no_path ? answer_code::no_operation : answer_code::wrong_method,
                          .message = no_path ? std::string(operations::path_problem(found.error()))
                                             : "this path is for " + found.error().allow,
                          .allow = found.error().allow};
    }
    c.match = *found;
    c.record.operation = c.match.operation->name;
    c.record.api_version = c.match.api_version;
    c.record.project_id = c.match.project_id;
    c.record.server_id = c.match.server_id;
    c.record.job_id = c.match.job_id;
    if (c.caller.body_was_left() && c.match.operation->body == operations::body_kind::none)
        return own_answer{.code = answer_code::bad_body, .message = std::string(no_body_expected), .allow = {}};
    if (!c.match.operation->query && !head.query.empty()) {
        return own_answer{.code = answer_code::no_operation,
                          .message = "this operation takes no query string: leave it out",
                          .allow = {}};
    }
    // What signers read differently is neither verified nor signed. (The path is literals and ids.)
    if (const std::string_view problem = operations::query_problem(head.query); !problem.empty())
        return own_answer{.code = answer_code::malformed, .message = std::string(problem), .allow = {}};
    return std::nullopt;
}

handler::rejection handler::read_body(call& c) {
    const std::string_view body = c.caller.body();
    if (c.match.operation->body == operations::body_kind::none) {
        if (body.empty()) return std::nullopt;
        return own_answer{.code = answer_code::bad_body, .message = std::string(no_body_expected), .allow = {}};
    }
    const field* const type = c.caller.head().fields.find(message::known::content_type);
    if (type != nullptr && !operations::is_json_in_utf8(type->value)) {
        return own_answer{.code = answer_code::wrong_media_type,
                          .message =
                              "the body must be JSON in UTF-8: send Content-Type: application/json, with no "
                              "charset or charset=UTF-8",
                          .allow = {}};
    }
    auto& resize = c.space->resize;
    if (auto problem = resize_reader_.read(body, resize)) {
        return own_answer{.code = answer_code::bad_body,
                          .message = (problem->pointer.empty() ? std::string("the body") : problem->pointer) + ": " +
                                     problem->message,
                          .allow = {}};
    }
    c.record.flavor = resize.flavor;
    c.record.auto_pay = resize.auto_pay;
    c.record.mode = resize.stops_running_server ? "withStopServer" : "";
    c.record.dry_run = resize.dry_run;
    return std::nullopt;
}

handler::rejection handler::authorize(call& c) {
    const auto& rules = c.snapshot().rules;
    c.record.decided = outcome::decision::denied;
    if (c.project == nullptr) {
        return own_answer{
            .code = answer_code::unknown_project,
            .message =
                "the project of the path is in no account of this gateway: add it to `accounts`, or correct the path",
            .allow = {}};
    }
    c.record.account = c.project->account;
    c.record.region = c.project->region;
    const policy::facts facts{
        .caller = static_cast<std::uint32_t>(c.caller_id),
        .project = c.project,
        .operation = c.match.operation->id,
        .server_id = c.match.server_id,
        .resize = c.match.operation->body == operations::body_kind::resize ? &c.space->resize : nullptr,
        .api_version = c.match.api_version};
    const policy::verdict verdict = rules.decide(facts);
    c.record.rule = verdict.rule;
    if (!verdict.shadow.empty()) {
        c.space->shadow.assign(verdict.shadow_allows ? "allowed by " : "denied by ").append(verdict.shadow);
        c.record.shadow = c.space->shadow;
    }
    if (verdict.failed != nullptr && verdict.failed->blames_body)
        return own_answer{.code = answer_code::bad_body, .message = rules.denial(verdict, facts), .allow = {}};
    if (!verdict.allowed)
        return own_answer{.code = answer_code::denied, .message = rules.denial(verdict, facts), .allow = {}};

    c.authorized_at = steady_clock::now();
    auto admitted = c.snapshot().admission.admit(verdict.rule_index, facts.caller, c.authorized_at);
    if (!admitted.admitted) {
        return own_answer{
            .code = answer_code::over_rate,
            .message = std::string("rule ").append(verdict.rule) +
                       (admitted.over_rate ? " lets this caller do no more calls just now (rate)"
                                           : " has as many calls of this caller under way as it may (max_in_flight)"),
            .allow = {},
            .retry_after = admitted.retry_after};
    }
    c.in_flight = std::move(admitted.hold);
    c.credential = verdict.credential_index;
    c.record.decided = outcome::decision::allowed;
    return std::nullopt;
}

handler::rejection handler::sign(call& c) {
    const auto now = std::chrono::floor<std::chrono::seconds>(c.record.time);
    if (now != date_second_) {
        date_second_ = now;
        date_ = sdk_date(now);
    }
    // Signed is what nobody on the way may change; sorted by name, as the signature wants it.
    const auto& head = c.caller.head();
    const std::string& authority = c.config->client.authority(c.project->region_index);
    std::array<field, 5> fields;
    std::size_t count = 0;
    // No text of the caller's: what the cloud's signer could read differently would be a refusal of the gateway's key.
    const bool has_body = c.match.operation->body != operations::body_kind::none;
    if (has_body) fields[count++] = {"content-type", body_type};
    fields[count++] = {"host", authority};
    fields[count++] = {"x-project-id", c.match.project_id};
    fields[count++] = {"x-sdk-date", date_};
    const signing::key* const key = c.credential_handle.key();
    const secret_text* const token = c.credential_handle.token();
    if (token != nullptr) fields[count++] = {"x-security-token", token->reveal()};
    const signing::request request{.method = c.match.operation->method,
                                   .path = head.path,
                                   .query = head.query,
                                   .fields = std::span<const field>(fields.data(), count),
                                   .payload = {c.payload.data(), c.payload.size()}};
    std::string& out = c.space->request;
    c.wipe_request();  // of the first try, when this is the second
    c.signature_end = 0;
    if (token != nullptr) out.reserve(1024 + c.caller.bytes_in() + token->reveal().size());
    out.clear();
    append(out, request.method, " "sv, head.path, head.query.empty() ? ""sv : "?"sv, head.query,
           " HTTP/1.1\r\nHost: "sv, authority, "\r\n"sv);
    if (!append_forwarded(out, head.fields)) {
        c.record.trace_id = c.request_id();  // the trace is the call itself
        append_traceparent(out, c.record.trace_id);
    }
    if (has_body) {
        append(out, "Content-Type: "sv, body_type, "\r\nContent-Length: "sv, digits(c.caller.body().size()), "\r\n"sv);
    }
    // RFC 9110, 7.6.3. The caller's own Via stays here, as all that is not named in forwarding.hpp.
    append(out, head.http_1_1 ? "Via: 1.1"sv : "Via: 1.0"sv, " ecs-gateway\r\nX-Project-Id: "sv, c.match.project_id);
    if (key == nullptr) {
        append(out, "\r\nX-Auth-Token: "sv, token->reveal(), "\r\n\r\n"sv);
        add_body(c);
        return std::nullopt;
    }
    if (token != nullptr) append(out, "\r\nX-Security-Token: "sv, token->reveal());
    const auto authorization = signer_.sign(request, *key, date_, {.region = c.project->region, .service = "ecs"});
    append(out, "\r\nX-Sdk-Date: "sv, date_, "\r\nAuthorization: "sv, authorization);
    c.signature_end = out.size();
    append(out, "\r\n\r\n"sv);
    if (token != nullptr) signer_.forget();
    add_body(c);
    return std::nullopt;
}

void handler::add_body(call& c) {
    const std::string_view body = c.caller.body();
    const bool together = body.size() <= max_together;
    if (together) c.space->request.append(body);
    c.separate_body = together ? std::string_view() : body;
}

void handler::record_response_head(call& c, const message::response_head& head) {
    c.record.upstream_status = head.status;
    if (const field* const id = head.fields.find(message::known::x_request_id)) {
        c.space->upstream_request_id.assign(id->value);
        hide(c.space->upstream_request_id, c.sent_values());  // before it is cut: half a value is not found
        if (c.space->upstream_request_id.size() > 128) c.space->upstream_request_id.resize(128);
        c.record.upstream_request_id = c.space->upstream_request_id;
    }
}

task<> handler::send_response(call& c, upstream::response& got) {
    constexpr std::size_t max_whole = 64 * 1024;  // larger answers are streamed
    upstream::result<void> filled;
    if (!got.whole()) filled = co_await got.read_body(max_whole);
    const auto& head = got.head();
    record_response_head(c, head);
    if (!filled) {
        co_await send_failure(c, filled.error(), false);
        co_return;
    }
    c.record.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - c.sent_at);

    auto& facts = c.space->facts;
    const bool resize = c.match.operation->body == operations::body_kind::resize;
    if ((resize || head.status >= 400) && got.whole()) {
        operations::read_response(got.body(), facts);
        hide(facts.job_id, c.sent_values());
        hide(facts.order_id, c.sent_values());
        if (head.status >= 400 || facts.job_id.empty()) {
            c.record_cloud_error();
            c.record.code = c.space->code;
            c.record.message = c.space->message;
        }
        if (resize) {
            c.record.result_job_id = facts.job_id;
            c.record.result_order_id = facts.order_id;
        }
    }
    if (!got.whole()) {
        co_await stream_response(c, got);
        co_return;
    }
    c.record.outcome = delivery::answered;
    c.record.status = head.status;
    const bool bodiless = head.status == 204 || head.status == 304;
    const response_framing framing{.type = bodiless ? response_framing::kind::none : response_framing::kind::length,
                                   .length = got.body().size(),
                                   .close = !c.caller.keeps_alive()};
    write_response_head(c.space->response_head, head, c.request_id(), framing, std::chrono::system_clock::now());
    const bool together = got.body().size() <= max_together || holds_any(got.body(), c.sent_values());
    if (together) c.space->response_head.append(got.body());
    const std::string_view separate_body = together ? std::string_view() : got.body();
    hide(c.space->response_head, c.sent_values());
    static_cast<void>(co_await c.caller.send(c.space->response_head, separate_body));
}

// An answer too large to hold: passed on piece by piece, as fast as the caller takes it.
task<> handler::stream_response(call& c, upstream::response& got) {
    const auto& head = got.head();
    const bool length_known = head.framing.body == message::body_framing::length;
    const bool chunked = !length_known && c.caller.head().http_1_1;
    if (!length_known && !chunked) c.caller.close_after_answer();
    const response_framing framing{.type = length_known ? response_framing::kind::length
                                           : chunked    ? response_framing::kind::chunked
                                                        : response_framing::kind::until_close,
                                   .length = head.framing.length,
                                   .close = !c.caller.keeps_alive()};
    c.record.status = head.status;
    write_response_head(c.space->response_head, head, c.request_id(), framing, std::chrono::system_clock::now());
    hide(c.space->response_head, c.sent_values());
    bool taken = co_await c.caller.send(c.space->response_head);
    std::string size_line, piece;
    while (taken) {
        std::string_view body = got.body();
        if (holds_any(body, c.sent_values())) {  // one that two pieces share is not found
            piece.assign(body);
            hide(piece, c.sent_values());
            body = piece;
        }
        if (chunked && !body.empty()) {
            fmt::format_to(std::back_inserter(size_line), "{:x}\r\n", body.size());
            taken = co_await c.caller.send(size_line, body);
            if (taken) taken = co_await c.caller.send("\r\n");
            size_line.clear();
        } else {
            taken = co_await c.caller.send(body);
        }
        if (!taken || got.whole()) break;
        got.consume_body();
        const auto more = co_await got.read_body(1);
        if (!more) {
            counters_.count_failure(c.project->region, kind_of(more.error()));
            // Too late for another status: the caller sees the answer end early, which HTTP lets it notice.
            c.space->message = more.error().text();
            c.record.message = c.space->message;
            c.record.code = name_of(answer_to(more.error()).code);
            c.caller.close_after_answer();
            co_return;
        }
    }
    if (taken && chunked) taken = co_await c.caller.send("0\r\n\r\n");
    if (taken) c.record.outcome = delivery::answered;
    c.record.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - c.sent_at);
}

task<> handler::send_failure(call& c, const upstream::failure& failure, bool on_credential_rejected) {
    counters_.count_failure(c.project->region, kind_of(failure));
    own_answer failed = answer_to(failure);
    failed.on_credential_rejected = on_credential_rejected;
    co_await send_own_answer(c, failed);
}

task<> handler::send_own_answer(call& c, const own_answer& answer) {
    c.record.status = status_of(answer.code);
    if (answer.code == answer_code::malformed) c.caller.close_after_answer();  // docs/answers.md
    if (answer.code != answer_code::credential_refused) {
        c.record.code = name_of(answer.code);
        c.space->message = message_of(answer);
        c.record.message = c.space->message;
        c.record.outcome = answer.cloud;
    }
    write_own_answer(c.space->response_head, answer, c.request_id(), !c.caller.keeps_alive(), c.record.time);
    // RFC 9110, 9.3.2: an answer to HEAD has no content, or a proxy in front would take it for the next answer.
    if (c.caller.head().method == "HEAD") c.space->response_head.resize(c.space->response_head.find("\r\n\r\n") + 4);
    static_cast<void>(co_await c.caller.send(c.space->response_head));
}

// The outcome log takes no lines and too many wait. Waits as long as a header may take; false when it still takes none.
task<bool> handler::wait_for_outcome_log() {
    const auto deadline = steady_clock::now() + config_->snapshot->settings.timeouts.request_header;
    while (!records_.has_room()) {
        if (steady_clock::now() >= deadline) {
            if (unrecorded_++ == 0) spdlog::error("outcomes: calls are refused until the log takes lines again");
            co_return false;
        }
        co_await net::pause(loop_, std::chrono::milliseconds(50));
    }
    if (unrecorded_ > 0)
        spdlog::warn("outcomes: calls are taken again: refused_without_a_line={}", std::exchange(unrecorded_, 0));
    co_return true;
}

handler::active_config::active_config(net::loop& loop, std::shared_ptr<const pipeline::snapshot> current,
                                      std::atomic<std::size_t>& connections, const active_config* previous)
    : snapshot(std::move(current)),
      client(loop, snapshot->endpoints, snapshot->upstream_tls, snapshot->settings.upstream,
             snapshot->settings.timeouts, &connections),
      credential_cache(*snapshot->credentials, previous == nullptr ? nullptr : &previous->credential_cache),
      skew_measured(snapshot->endpoints.size()) {}

handler::handler(net::loop& loop, outcome::line_buffer& records, outcome::counters& counters,
                 std::atomic<std::size_t>& cloud_connections, credentials::credential_provider& credential_provider,
                 std::shared_ptr<const snapshot> first)
    : loop_(loop),
      records_(records),
      counters_(counters),
      cloud_connections_(cloud_connections),
      credential_provider_(credential_provider),
      credential_changed_(loop) {
    std::random_device random;
    id_prefix_ = (std::uint64_t{random()} << 32) | random();
    adopt(std::move(first));
}

handler::~handler() = default;

void handler::adopt(std::shared_ptr<const snapshot> next) {
    config_ = boost::make_local_shared<active_config>(loop_, std::move(next), cloud_connections_, config_.get());
    configs_.push_back(*config_);
    credential_changed_.notify_all();
}

void handler::put(const credentials::cache_key& key, const credentials::shared_secret& secret,
                  const std::string& reason, credentials::secret::time retry) {
    for (active_config& each : configs_)
        each.credential_cache.put(key, secret, reason, retry);
    credential_changed_.notify_all();
}

}  // namespace gateway::pipeline
