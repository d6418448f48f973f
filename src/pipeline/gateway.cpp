#include "gateway/pipeline/gateway.hpp"

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
constexpr std::size_t most_together = 4096;

constexpr auto takes_no_body = "this operation takes no body: leave it out"sv;
// Of every body that goes to the cloud.
constexpr std::string_view body_type = "application/json";

}  // namespace

// The path of a call.
task<> gateway::operator()(http::session& caller) {
    call c(*this, caller);
    if (!records_.has_room()) c.recorded = co_await room_for_record();

    refused no = understand(c);         // 1. one request within its limits, 2. and its operation
    if (!no) no = authenticate(c);      // 3. who calls
    if (!no) no = read_body(c);         // 4. what is asked for, to the letter
    if (!no) no = decide(c);            // 5. whether it may, and as whom
    if (!no) no = borrow(c, c.judged);  // 6. with that credential,
    if (c.awaits_credential) {          //    which may have to be fetched first,
        auto late = co_await wait_for_credential(c);
        no = std::move(late);
    }
    if (!no) no = sign(c);  //    afresh
    if (no) {
        co_await answer(c, *no);
        co_return;
    }
    for (bool again = false;; again = true) {
        c.sent = steady_clock::now();
        c.record.outcome = delivery::unknown;  // until the answer is there: what a call that is cut off leaves behind
        const upstream::request out{c.space->request, c.body_behind, c.what.what->method == "GET"};
        auto got = co_await c.by->client.exchange(c.project->region_index, out);
        if (!got) {
            co_await fail(c, got.error(), again);
            co_return;
        }
        look_at_clock(c, got->head());
        if (got->head().status != 401) {
            accepted(c, got->head());
            co_await hand_back(c, *got);  // 7. as it came
            co_return;
        }
        const bool once_more = co_await signed_anew(c, *got, again);
        if (!once_more) co_return;
    }
}  // 8. the outcome line: ~call()

gateway::refused gateway::understand(call& c) {
    if (!c.recorded) {
        return own_answer{.code = answer_code::no_capacity,
                          .message = "the gateway can't record calls just now, so it takes none",
                          .allow = {},
                          .retry_after = std::chrono::seconds(5)};
    }
    if (c.caller.why_refused()) return answer_to(*c.caller.why_refused());

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
    c.what = *found;
    c.record.operation = c.what.what->name;
    c.record.api_version = c.what.api_version;
    c.record.project_id = c.what.project_id;
    c.record.server_id = c.what.server_id;
    c.record.job_id = c.what.job_id;
    if (c.caller.body_was_left() && c.what.what->body == operations::body_kind::none)
        return own_answer{.code = answer_code::bad_body, .message = std::string(takes_no_body), .allow = {}};
    if (!c.what.what->query && !head.query.empty()) {
        return own_answer{.code = answer_code::no_operation,
                          .message = "this operation takes no query string: leave it out",
                          .allow = {}};
    }
    // What signers read differently is neither verified nor signed. (The path is literals and ids.)
    if (const std::string_view why = operations::query_problem(head.query); !why.empty())
        return own_answer{.code = answer_code::malformed, .message = std::string(why), .allow = {}};
    return std::nullopt;
}

gateway::refused gateway::read_body(call& c) {
    const std::string_view body = c.caller.body();
    if (c.what.what->body == operations::body_kind::none) {
        if (body.empty()) return std::nullopt;
        return own_answer{.code = answer_code::bad_body, .message = std::string(takes_no_body), .allow = {}};
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

gateway::refused gateway::decide(call& c) {
    const auto& rules = c.now_in_force().rules;
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
    const policy::facts facts{.caller = static_cast<std::uint32_t>(c.who),
                              .where = c.project,
                              .operation = c.what.what->is,
                              .server_id = c.what.server_id,
                              .resize = c.what.what->body == operations::body_kind::resize ? &c.space->resize : nullptr,
                              .api_version = c.what.api_version};
    const policy::decision decision = rules.decide(facts);
    c.record.rule = decision.rule;
    if (!decision.shadow.empty()) {
        c.space->shadow.assign(decision.shadow_allows ? "allowed by " : "denied by ").append(decision.shadow);
        c.record.shadow = c.space->shadow;
    }
    if (decision.what == policy::failed::unknown_member)
        return own_answer{.code = answer_code::bad_body, .message = rules.denial(decision, facts), .allow = {}};
    if (!decision.allowed)
        return own_answer{.code = answer_code::denied, .message = rules.denial(decision, facts), .allow = {}};

    c.judged = steady_clock::now();
    auto admitted = c.now_in_force().admission.admit(decision.rule_index, facts.caller, c.judged);
    if (!admitted.admitted) {
        return own_answer{
            .code = answer_code::over_rate,
            .message = std::string("rule ").append(decision.rule) +
                       (admitted.over_rate ? " lets this caller do no more calls just now (rate)"
                                           : " has as many calls of this caller under way as it may (max_in_flight)"),
            .allow = {},
            .retry_after = admitted.retry_after};
    }
    c.in_flight = std::move(admitted.hold);
    c.credential = decision.credential_index;
    c.record.decided = outcome::decision::allowed;
    return std::nullopt;
}

gateway::refused gateway::sign(call& c) {
    const auto now = std::chrono::floor<std::chrono::seconds>(c.record.time);
    if (now != date_of_) {
        date_of_ = now;
        date_ = sdk_date(now);
    }
    // Signed is what nobody on the way may change; sorted by name, as the signature wants it.
    const auto& head = c.caller.head();
    const std::string& authority = c.by->client.authority(c.project->region_index);
    std::array<field, 5> fields;
    std::size_t count = 0;
    // No text of the caller's: what the cloud's signer could read differently would be a refusal of the gateway's key.
    const bool has_body = c.what.what->body != operations::body_kind::none;
    if (has_body) fields[count++] = {"content-type", body_type};
    fields[count++] = {"host", authority};
    fields[count++] = {"x-project-id", c.what.project_id};
    fields[count++] = {"x-sdk-date", date_};
    const signing::key* const key = c.signs_with.key();
    const secret_text* const token = c.signs_with.token();
    if (token != nullptr) fields[count++] = {"x-security-token", token->reveal()};
    const signing::request what{.method = c.what.what->method,
                                .path = head.path,
                                .query = head.query,
                                .fields = std::span<const field>(fields.data(), count),
                                .payload = {c.payload.data(), c.payload.size()}};
    std::string& out = c.space->request;
    c.forget_request();  // of the first try, when this is the second
    c.signature_end = 0;
    if (token != nullptr) out.reserve(1024 + c.caller.bytes_in() + token->reveal().size());
    out.clear();
    append(out, what.method, " "sv, head.path, head.query.empty() ? ""sv : "?"sv, head.query, " HTTP/1.1\r\nHost: "sv,
           authority, "\r\n"sv);
    if (!append_passed_on(out, head.fields)) {
        c.record.trace_id = c.request_id();  // the trace is the call itself
        append_traceparent(out, c.record.trace_id);
    }
    if (has_body) {
        append(out, "Content-Type: "sv, body_type, "\r\nContent-Length: "sv, digits(c.caller.body().size()), "\r\n"sv);
    }
    // RFC 9110, 7.6.3. The caller's own Via stays here, as all that is not named in forwarding.hpp.
    append(out, head.http_1_1 ? "Via: 1.1"sv : "Via: 1.0"sv, " ecs-gateway\r\nX-Project-Id: "sv, c.what.project_id);
    if (key == nullptr) {
        append(out, "\r\nX-Auth-Token: "sv, token->reveal(), "\r\n\r\n"sv);
        add_body(c);
        return std::nullopt;
    }
    if (token != nullptr) append(out, "\r\nX-Security-Token: "sv, token->reveal());
    const auto authorization = signer_.sign(what, *key, date_, {.region = c.project->region, .service = "ecs"});
    append(out, "\r\nX-Sdk-Date: "sv, date_, "\r\nAuthorization: "sv, authorization);
    c.signature_end = out.size();
    append(out, "\r\n\r\n"sv);
    if (token != nullptr) signer_.forget();
    add_body(c);
    return std::nullopt;
}

void gateway::add_body(call& c) {
    const std::string_view body = c.caller.body();
    const bool together = body.size() <= most_together;
    if (together) c.space->request.append(body);
    c.body_behind = together ? std::string_view() : body;
}

void gateway::note_answer(call& c, const message::response_head& head) {
    c.record.upstream_status = head.status;
    if (const field* const id = head.fields.find(message::known::x_request_id)) {
        c.space->upstream_request_id.assign(id->value);
        hide(c.space->upstream_request_id, c.sent_values());  // before it is cut: half a value is not found
        if (c.space->upstream_request_id.size() > 128) c.space->upstream_request_id.resize(128);
        c.record.upstream_request_id = c.space->upstream_request_id;
    }
}

task<> gateway::hand_back(call& c, upstream::response& got) {
    constexpr std::size_t most_whole = 64 * 1024;  // larger answers are streamed
    upstream::result<void> filled;
    if (!got.whole()) filled = co_await got.read_body(most_whole);
    const auto& head = got.head();
    note_answer(c, head);
    if (!filled) {
        co_await fail(c, filled.error(), false);
        co_return;
    }
    c.record.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - c.sent);

    auto& facts = c.space->facts;
    const bool resize = c.what.what->body == operations::body_kind::resize;
    if ((resize || head.status >= 400) && got.whole()) {
        operations::read_answer(got.body(), facts);
        hide(facts.job_id, c.sent_values());
        hide(facts.order_id, c.sent_values());
        if (head.status >= 400 || facts.job_id.empty()) {
            c.note_refusal();
            c.record.code = c.space->code;
            c.record.message = c.space->message;
        }
        if (resize) {
            c.record.result_job_id = facts.job_id;
            c.record.result_order_id = facts.order_id;
        }
    }
    if (!got.whole()) {
        co_await stream_back(c, got);
        co_return;
    }
    c.record.outcome = delivery::answered;
    c.record.status = head.status;
    const bool bodiless = head.status == 204 || head.status == 304;
    const answer_framing how{.is = bodiless ? answer_framing::kind::none : answer_framing::kind::length,
                             .length = got.body().size(),
                             .close = !c.caller.keeps_alive()};
    write_answer_head(c.space->answer_head, head, c.request_id(), how, std::chrono::system_clock::now());
    const bool together = got.body().size() <= most_together || holds_any(got.body(), c.sent_values());
    if (together) c.space->answer_head.append(got.body());
    const std::string_view behind = together ? std::string_view() : got.body();
    hide(c.space->answer_head, c.sent_values());
    static_cast<void>(co_await c.caller.send(c.space->answer_head, behind));
}

// An answer too large to hold: passed on piece by piece, as fast as the caller takes it.
task<> gateway::stream_back(call& c, upstream::response& got) {
    const auto& head = got.head();
    const bool length_known = head.how.body == message::body_framing::length;
    const bool chunked = !length_known && c.caller.head().http_1_1;
    if (!length_known && !chunked) c.caller.close_after_answer();
    const answer_framing how{.is = length_known ? answer_framing::kind::length
                                   : chunked    ? answer_framing::kind::chunked
                                                : answer_framing::kind::until_close,
                             .length = head.how.length,
                             .close = !c.caller.keeps_alive()};
    c.record.status = head.status;
    write_answer_head(c.space->answer_head, head, c.request_id(), how, std::chrono::system_clock::now());
    hide(c.space->answer_head, c.sent_values());
    bool taken = co_await c.caller.send(c.space->answer_head);
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
    c.record.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - c.sent);
}

task<> gateway::fail(call& c, const upstream::failure& why, bool turned_away) {
    counters_.count_failure(c.project->region, kind_of(why));
    own_answer failed = answer_to(why);
    failed.turned_away = turned_away;
    co_await answer(c, failed);
}

task<> gateway::answer(call& c, const own_answer& with) {
    c.record.status = status_of(with.code);
    if (with.code == answer_code::malformed) c.caller.close_after_answer();  // docs/answers.md
    if (with.code != answer_code::credential_refused) {
        c.record.code = name_of(with.code);
        c.space->message = message_of(with);
        c.record.message = c.space->message;
        c.record.outcome = with.cloud;
    }
    write_own_answer(c.space->answer_head, with, c.request_id(), !c.caller.keeps_alive(), c.record.time);
    // RFC 9110, 9.3.2: an answer to HEAD has no content, or a proxy in front would take it for the next answer.
    if (c.caller.head().method == "HEAD") c.space->answer_head.resize(c.space->answer_head.find("\r\n\r\n") + 4);
    static_cast<void>(co_await c.caller.send(c.space->answer_head));
}

// The outcome log takes no lines and too many wait. Waits for room as long as a header may take; false when there is
// none.
task<bool> gateway::room_for_record() {
    const auto until = steady_clock::now() + in_force_->is->settings.timeouts.request_header;
    while (!records_.has_room()) {
        if (steady_clock::now() >= until) {
            if (unrecorded_++ == 0) spdlog::error("outcomes: calls are refused until the log takes lines again");
            co_return false;
        }
        co_await net::pause(loop_, std::chrono::milliseconds(50));
    }
    if (unrecorded_ > 0)
        spdlog::warn("outcomes: calls are taken again: refused_without_a_line={}", std::exchange(unrecorded_, 0));
    co_return true;
}

gateway::in_force::in_force(net::loop& in, std::shared_ptr<const snapshot> what, std::atomic<std::size_t>& connections,
                            const in_force* before)
    : is(std::move(what)),
      client(in, is->endpoints, is->upstream_tls, is->settings.upstream, is->settings.timeouts, &connections),
      wallet(*is->credentials, before == nullptr ? nullptr : &before->wallet),
      skew_noted(is->endpoints.size()) {}

gateway::gateway(net::loop& in, outcome::page& records, outcome::counters& counters,
                 std::atomic<std::size_t>& cloud_connections, credentials::supplier& supplier,
                 std::shared_ptr<const snapshot> first)
    : loop_(in),
      records_(records),
      counters_(counters),
      cloud_connections_(cloud_connections),
      supplier_(supplier),
      credential_came_(in) {
    std::random_device random;
    id_prefix_ = (std::uint64_t{random()} << 32) | random();
    adopt(std::move(first));
}

gateway::~gateway() = default;

void gateway::adopt(std::shared_ptr<const snapshot> next) {
    in_force_ = boost::make_local_shared<in_force>(loop_, std::move(next), cloud_connections_, in_force_.get());
    all_in_force_.push_back(*in_force_);
    credential_came_.notify_all();
}

void gateway::put(const credentials::slot& where, const credentials::shared_secret& what, const std::string& why,
                  credentials::secret::time retry) {
    for (in_force& each : all_in_force_)
        each.wallet.put(where, what, why, retry);
    credential_came_.notify_all();
}

}  // namespace gateway::pipeline
