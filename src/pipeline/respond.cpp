// Step 7: the cloud's answer as it came, or one of the gateway's own.

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "call.hpp"
#include "gateway/base/hide.hpp"
#include "gateway/pipeline/answers.hpp"
#include "gateway/pipeline/forwarding.hpp"

namespace gateway::pipeline {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t max_whole = 64 * 1024;  // larger answers are streamed
// A body up to this size goes out in one piece with its head: to copy it costs less than to have the kernel gather two.
constexpr std::size_t max_together = 4096;

}  // namespace

task<> call::send_response(upstream::response& response) {
    const auto filled = co_await read_response(response);
    if (!filled) {
        const rejection rejected = reject_failure(filled.error());
        co_await send_own_answer(*rejected);
        co_return;
    }
    co_await send_read_response(response);
}

// Reads the body, or of a larger one its beginning, and what it says.
task<upstream::result<void>> call::read_response(upstream::response& response) {
    upstream::result<void> filled;
    if (!response.whole()) filled = co_await response.read_body(max_whole);
    record_response_head(response.head());
    if (!filled) co_return filled;
    record_upstream_time();
    const bool says_something = change_ != nullptr || resize_body() != nullptr || response.head().status >= 400;
    if (response.whole() && says_something) record_response_body(response);
    co_return filled;
}

task<> call::send_read_response(upstream::response& response) {
    if (response.whole())
        co_await send_whole(response);
    else
        co_await stream(response);
}

// In space_->response_head.
void call::write_head(const upstream::response& response, const response_framing& framing) {
    const std::string_view own_fields = change_ ? std::string_view(change_->fields) : std::string_view();
    write_response_head(space_->response_head, response.head(), request_id(), own_fields, framing,
                        std::chrono::system_clock::now());
}

task<> call::send_whole(upstream::response& response) {
    const auto& head = response.head();
    record_.outcome = delivery::answered;
    record_.status = head.status;
    const bool bodiless = head.status == 204 || head.status == 304;
    const response_framing framing{.type = bodiless ? response_framing::kind::none : response_framing::kind::length,
                                   .length = response.body().size(),
                                   .close = !caller_.keeps_alive()};
    std::string& out = space_->response_head;
    write_head(response, framing);
    const bool together = response.body().size() <= max_together || holds_any(response.body(), sent_values());
    if (together) out.append(response.body());
    const std::string_view separate_body = together ? std::string_view() : response.body();
    hide(out, sent_values());
    static_cast<void>(co_await caller_.send(out, separate_body));
}

// An answer too large to hold: passed on piece by piece, as fast as the caller takes it.
task<> call::stream(upstream::response& response) {
    const auto& head = response.head();
    const bool length_known = head.framing.body == message::body_framing::length;
    const bool chunked = !length_known && caller_.head().http_1_1;
    if (!length_known && !chunked) caller_.close_after_answer();
    const response_framing framing{.type = length_known ? response_framing::kind::length
                                           : chunked    ? response_framing::kind::chunked
                                                        : response_framing::kind::until_close,
                                   .length = head.framing.length,
                                   .close = !caller_.keeps_alive()};
    record_.status = head.status;
    write_head(response, framing);
    hide(space_->response_head, sent_values());
    bool taken = co_await caller_.send(space_->response_head);
    std::string size_line, piece;
    while (taken) {
        std::string_view body = response.body();
        if (holds_any(body, sent_values())) {  // one that two pieces share is not found
            piece.assign(body);
            hide(piece, sent_values());
            body = piece;
        }
        if (chunked && !body.empty()) {
            fmt::format_to(std::back_inserter(size_line), "{:x}\r\n", body.size());
            taken = co_await caller_.send(size_line, body);
            if (taken) taken = co_await caller_.send("\r\n");
            size_line.clear();
        } else {
            taken = co_await caller_.send(body);
        }
        if (!taken || response.whole()) break;
        response.consume_body();
        const auto more = co_await response.read_body(1);
        if (!more) {
            count_failure(more.error());
            // Too late for another status: the caller sees the answer end early, which HTTP lets it notice.
            space_->message = more.error().text();
            record_.message = space_->message;
            record_.code = name_of(answers::failed_exchange(more.error()).code);
            caller_.close_after_answer();
            co_return;
        }
    }
    if (taken && chunked) taken = co_await caller_.send("0\r\n\r\n");
    if (taken) record_.outcome = delivery::answered;
    record_upstream_time();
}

task<> call::send_own_answer(const own_answer& answer) {
    record_.status = status_of(answer);
    if (answer.code == answer_code::malformed) caller_.close_after_answer();  // docs/answers.md
    if (answer.code != answer_code::credential_refused) {                     // else the line has what the cloud says
        record_.code = name_of(answer.code);
        space_->message = message_of(answer);
        record_.message = space_->message;
        record_.outcome = answer.cloud;
    }
    std::string& out = space_->response_head;
    write_own_answer(out, answer, request_id(), !caller_.keeps_alive(), record_.time);
    // RFC 9110, 9.3.2: an answer to HEAD has no content, or a proxy in front would take it for the next answer.
    if (caller_.head().method == "HEAD") out.resize(out.find("\r\n\r\n") + 4);
    static_cast<void>(co_await caller_.send(out));
}

void call::record_response_head(const message::response_head& head) {
    record_.upstream_status = head.status;
    if (const field* const id = head.fields.find(message::known::x_request_id)) {
        std::string& kept = space_->upstream_request_id;
        kept.assign(id->value);
        hide(kept, sent_values());  // before it is cut: half a value is not found
        if (kept.size() > 128) kept.resize(128);
        record_.upstream_request_id = kept;
    }
}

void call::record_response_body(const upstream::response& response) {
    auto& facts = space_->facts;
    operations::read_response(response.body(), facts);
    hide(facts.job_id, sent_values());
    hide(facts.order_id, sent_values());
    if (response.head().status >= 400 || facts.job_id.empty()) {
        record_cloud_error();
        record_.code = space_->code;
        record_.message = space_->message;
    }
    if (change_ != nullptr || resize_body() != nullptr) {
        record_.result_job_id = facts.job_id;
        record_.result_order_id = facts.order_id;
    }
}

void call::record_cloud_error() {
    constexpr std::size_t longest_code = 64, longest_message = 1024;
    operations::response_facts& facts = space_->facts;
    hide(facts.code, sent_values());
    space_->code.assign(facts.code, 0, longest_code);
    space_->message = without_credential(facts.message, credential_handle_.access_key());
    hide(space_->message, sent_values());
    space_->message.resize(std::min(space_->message.size(), longest_message));
}

void call::record_upstream_time() {
    record_.upstream = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - sent_at_);
}

}  // namespace gateway::pipeline
