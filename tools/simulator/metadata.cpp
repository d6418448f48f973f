#include "metadata.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "gateway/base/time.hpp"
#include "random_text.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

answer text(unsigned status, const std::string& body) { return {status, body, {{"Content-Type", "text/plain"}}}; }

answer plain_error(unsigned status) { return text(status, std::to_string(status) + " " + title_of(status) + "\n"); }

}  // namespace

reply metadata::handle(const call& what, time now) {
    const bool for_token = what.method == "PUT" && what.path == "/meta-data/latest/api/token";
    const bool for_pair = what.method == "GET" && what.path == "/openstack/latest/securitykey";
    if (!for_token && !for_pair) return {plain_error(404)};
    ++(for_token ? tokens_ : pairs_);
    const trouble in = trouble_.now();
    reply given;
    given.how = in.on_the_way();
    if (in.is_mute()) return given;
    if (in.status() != 0)
        given.with = plain_error(in.status());
    else
        given.with = for_token ? begin_session(what, now) : issue_pair(what, in, now);
    return given;
}

answer metadata::begin_session(const call& what, time now) {
    if (!how_.token_mode) return plain_error(404);
    const auto asked = header_values(what, "x-metadata-token-ttl-seconds");
    const char* const end = asked.size() == 1 ? asked.front().data() + asked.front().size() : nullptr;
    int seconds = 0;
    const bool is_number = end != nullptr && std::from_chars(asked.front().data(), end, seconds).ptr == end;
    if (!is_number || seconds < 1 || seconds > 21600) return plain_error(400);
    const auto token = random_text(56, letters_and_digits);
    const std::lock_guard held(lock_);
    sessions_.add(token, {}, now + std::chrono::seconds(seconds), now);
    return text(200, token);
}

answer metadata::issue_pair(const call& what, const trouble& in, time now) {
    if (how_.token_mode) {
        const auto shown = header_values(what, "x-metadata-token");
        const std::lock_guard held(lock_);
        const auto* const session = shown.size() == 1 ? sessions_.find(shown.front()) : nullptr;
        if (session == nullptr || session->revoked || session->until <= now) return plain_error(401);
    }
    if (!how_.agency) return text(401, "Please configure Cloud Service Agency first\n");
    caller to;
    to.account = how_.account;
    const auto pair = keys_.issue_pair(to, now + in.life.value_or(how_.pair_life), now);
    std::string until;
    gateway::append_rfc3339(until, pair.until);
    return {200, json::serialize(json::object{{"credential", json::object{{"access", pair.access_key},
                                                                          {"secret", pair.secret_key},
                                                                          {"securitytoken", pair.security_token},
                                                                          {"expires_at", until}}}})};
}

void metadata::revoke_sessions() {
    const std::lock_guard held(lock_);
    sessions_.revoke_all();
}

}  // namespace simulator
