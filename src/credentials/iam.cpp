#include "gateway/credentials/iam.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <memory>
#include <stdexcept>

#include "gateway/base/escape.hpp"
#include "gateway/base/hide.hpp"
#include "gateway/base/time.hpp"
#include "gateway/credentials/read.hpp"

namespace gateway::credentials {

namespace {

namespace json = boost::json;

// Responses are a few KiB (a token's body without catalog, a pair with its token). Parsed in memory that is wiped.
constexpr std::size_t max_bytes = 64 * 1024;

class parsed {
public:
    explicit parsed(std::string_view body) {
        if (body.size() > max_bytes) return;
        boost::system::error_code ec;
        resource_.emplace(memory_.get(), memory_size);
        value_ = std::make_unique<json::value>(json::parse(body, ec, &*resource_));
        if (ec) value_.reset();
    }
    parsed(const parsed&) = delete;
    parsed& operator=(const parsed&) = delete;
    ~parsed() {
        value_.reset();
        resource_.reset();
        wipe(memory_.get(), memory_size);
    }
    // The text at `outer.inner`; empty when there is none.
    [[nodiscard]] std::string_view text(std::string_view outer, std::string_view inner) const {
        const json::object* const object = value_ ? value_->if_object() : nullptr;
        const json::value* const nested = object != nullptr ? object->if_contains(outer) : nullptr;
        const json::object* const nested_object = nested != nullptr ? nested->if_object() : nullptr;
        return text_of(nested_object != nullptr ? nested_object->if_contains(inner) : nullptr);
    }
    [[nodiscard]] std::string_view text(std::string_view name) const {
        const json::object* const object = value_ ? value_->if_object() : nullptr;
        return text_of(object != nullptr ? object->if_contains(name) : nullptr);
    }

private:
    static std::string_view text_of(const json::value* value) {
        const json::string* const found = value != nullptr ? value->if_string() : nullptr;
        return found != nullptr ? std::string_view(found->data(), found->size()) : std::string_view();
    }
    static constexpr std::size_t memory_size = 4 * max_bytes;
    std::unique_ptr<unsigned char[]> memory_{new unsigned char[memory_size]};
    std::optional<json::monotonic_resource> resource_;
    std::unique_ptr<json::value> value_;
};

std::string domain_json(const std::optional<std::string>& name, const std::optional<std::string>& number) {
    return name ? R"({"name":)" + json_string(*name) + "}" : R"({"id":)" + json_string(number.value_or("")) + "}";
}

fetch_failure malformed(std::string_view service, std::string_view detail) {
    return {.refused = false, .reason = std::string(service) + " answered with success, but " + std::string(detail)};
}

// The time `expires_at` of the service's clock by our steady clock.
fetched<secret::time> end_of_life(std::string_view expires_at, const iam_response& response, const moment& now,
                                  std::string_view service) {
    const auto end = read_rfc3339(expires_at);
    if (!end) return malformed(service, "expires_at is missing or no time");
    // Its Date has whole seconds: where the clocks agree, ours is more precise; else the lifetime is taken a second
    // shorter.
    constexpr auto agree = std::chrono::seconds(2);
    const bool ours_is_wrong = response.date && std::chrono::abs(now.wall - *response.date) > agree;
    const auto began =
        ours_is_wrong ? std::chrono::system_clock::time_point(*response.date + std::chrono::seconds(1)) : now.wall;
    const auto life = *end - began;
    constexpr auto longest = std::chrono::hours(24 * 366);
    if (life <= std::chrono::seconds(0)) return malformed(service, "what it gave has expired already");
    return now.steady + std::chrono::duration_cast<secret::time::duration>(std::min<decltype(life)>(life, longest));
}

}  // namespace

void throw_exception_from_error(const fetch_failure& e, const boost::source_location&) {
    throw std::logic_error(e.reason);
}

secret_text token_body(const config::token_credential& user, std::string_view password, std::string_view project) {
    std::string before = R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"name":)" +
                         json_string(user.user_name) + R"(,"domain":)" + domain_json(user.domain_name, user.domain_id) +
                         R"(,"password":)";
    std::string behind = R"(}}},"scope":{)";
    if (project.empty())
        behind += R"("domain":)" + domain_json(user.domain_name, user.domain_id);
    else
        behind += R"("project":{"id":)" + json_string(project) + "}";
    behind += "}}}";
    // Reserved at once: a string that grows leaves the password in memory that it has freed.
    std::string whole;
    whole.reserve(before.size() + 6 * password.size() + 2 + behind.size());
    whole += before;
    append_json_string(whole, password);
    whole += behind;
    secret_text body(whole);
    wipe(whole.data(), whole.size());
    return body;
}

std::string agency_body(const config::agency_credential& agency) {
    std::string body = R"({"auth":{"identity":{"methods":["assume_role"],"assume_role":{"agency_name":)";
    append_json_string(body, agency.agency_name);
    body += agency.domain_name ? R"(,"domain_name":)" + json_string(*agency.domain_name)
                               : R"(,"domain_id":)" + json_string(agency.domain_id.value_or(""));
    body += R"(,"duration_seconds":)" + std::to_string(agency.duration.count());
    // The name in the customer's audit log.
    body += R"(,"session_user":{"name":"ecs-gateway"}}}}})";
    return body;
}

fetched<shared_secret> read_token_response(const iam_response& response, const moment& now) {
    if (response.status != 201) return failure_of(response, "IAM");
    if (!is_key(response.subject_token)) return malformed("IAM", "there is no X-Subject-Token");
    const parsed body(response.body);
    const auto end = end_of_life(body.text("token", "expires_at"), response, now, "IAM");
    if (!end) return end.error();
    auto made = make_token(response.subject_token);
    made->expires = *end;
    return shared_secret(std::move(made));
}

fetched<shared_secret> read_pair_response(const iam_response& response, const moment& now, std::string_view service) {
    if (response.status != 200 && response.status != 201) return failure_of(response, service);
    const parsed body(response.body);
    const auto access = body.text("credential", "access"), secret_key = body.text("credential", "secret"),
               token = body.text("credential", "securitytoken");
    if (!is_key(access) || !is_key(secret_key) || !is_key(token))
        return malformed(service, "access, secret or securitytoken is missing");
    const auto end = end_of_life(body.text("credential", "expires_at"), response, now, service);
    if (!end) return end.error();
    const secret_text kept(token);
    auto made = make_pair(signing::algorithm::sdk_hmac_sha256, access, secret_key, &kept, true);
    made->expires = *end;
    return shared_secret(std::move(made));
}

std::string clock_remark(std::chrono::seconds ahead) {
    const auto difference = std::chrono::abs(ahead).count();
    if (difference < 60) return {};
    return "; this machine's clock is " + std::to_string(difference / 60) + "m" + std::to_string(difference % 60) +
           "s " + (ahead.count() > 0 ? "behind" : "ahead of") +
           " the cloud's, which refuses signatures beyond 15m: set the clock (NTP)";
}

fetch_failure failure_of(const iam_response& response, std::string_view service) {
    const parsed body(response.body);
    // Three shapes: error.code and error.message, error_code and error_msg, or neither (IAM, "Returned Values").
    std::string code(body.text("error_code")), message(body.text("error_msg"));
    if (message.empty()) message = body.text("error", "message");
    if (code.empty()) code = body.text("error", "code");
    hide(code, response.sent_secrets);
    hide(message, response.sent_secrets);
    code.resize(std::min<std::size_t>(code.size(), 64));
    // Behind these words the cloud repeats the signed text, with the access key.
    for (const std::string_view echo : {", canonicalRequest", "ak:", "ak ", "AK "})
        message.resize(std::min(message.size(), message.find(echo)));
    message.resize(std::min<std::size_t>(message.size(), 200));

    fetch_failure failure;
    const bool throttled = response.status == 429 || response.status == 408;
    failure.refused = response.status >= 400 && response.status < 500 && !throttled;
    failure.reason = std::string(service) + (failure.refused ? " refuses it: " : " can't give it just now: ") +
                     std::to_string(response.status);
    // Its words may name users and accounts, which callers must not learn.
    failure.details = code.empty() || message.empty() ? code + message : code + " " + message;
    unsigned seconds = 0;
    std::from_chars(response.retry_after.data(), response.retry_after.data() + response.retry_after.size(), seconds);
    failure.retry_after = std::chrono::seconds(std::min(seconds, 3600U));
    return failure;
}

}  // namespace gateway::credentials
