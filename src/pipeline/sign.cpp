// Step 6: the request to the cloud, made anew and signed with the credential. What it is sent with must not come back.

#include "call.hpp"
#include "gateway/base/append.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/pipeline/forwarding.hpp"
#include "gateway/upstream/signed_request.hpp"
#include "gateway/upstream/trace.hpp"

namespace gateway::pipeline {

using namespace std::string_view_literals;  // a literal as a view: its length is known, where append(const char*)
                                            // counts

namespace {

// A body up to this size goes out in one piece with its head: to copy it costs less than to have the kernel gather two.
constexpr std::size_t max_together = 4096;

}  // namespace

void call::sign() {
    const auto& head = caller_.head();
    const upstream::outgoing_request request{.method = match_.operation->method,
                                             .path = head.path,
                                             .query = head.query,
                                             .authority = config_->client.authority(project_->region_index),
                                             .project_id = match_.project_id,
                                             .region = project_->region,
                                             .has_body = match_.operation->body != operations::body_kind::none,
                                             .payload = {payload_.data(), payload_.size()}};
    std::string& out = space_->request;
    wipe_request();  // of the first try, when this is the second
    const secret_text* const token = credential_handle_.token();
    if (token != nullptr) out.reserve(1024 + caller_.bytes_in() + token->reveal().size());
    out.clear();
    upstream::begin_request(out, request);
    if (!append_forwarded(out, head.fields)) {
        record_.trace_id = request_id();  // the trace is the call itself
        upstream::append_traceparent(out, record_.trace_id);
    }
    if (request.has_body)
        append(out, "Content-Type: "sv, upstream::body_type, "\r\nContent-Length: "sv, digits(caller_.body().size()),
               "\r\n"sv);
    // RFC 9110, 7.6.3. The caller's own Via stays here, as all that is not named in forwarding.hpp.
    append(out, head.http_1_1 ? "Via: 1.1"sv : "Via: 1.0"sv, " ecs-gateway\r\n"sv);
    signature_end_ =
        upstream::sign_request(out, request, credential_handle_, resources_.date_of(record_.time), resources_.signer);
    append_body();
}

void call::append_body() {
    const std::string_view body = caller_.body();
    const bool together = body.size() <= max_together;
    if (together) space_->request.append(body);
    separate_body_ = together ? std::string_view() : body;
}

void call::wipe_request() noexcept {
    if (!credential_handle_.empty() && credential_handle_.token() != nullptr)
        wipe(space_->request.data(), space_->request.size());
}

std::array<std::string_view, 3> call::sent_values() const noexcept {
    constexpr std::size_t digits = 64;  // of a signature
    std::array<std::string_view, 3> values{credential_handle_.access_key()};
    if (credential_handle_.token() != nullptr) values[1] = credential_handle_.token()->reveal();
    if (signature_end_ != 0) values[2] = std::string_view(space_->request).substr(signature_end_ - digits, digits);
    return values;
}

}  // namespace gateway::pipeline
