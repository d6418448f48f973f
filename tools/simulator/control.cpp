// What a test can turn and read while the cloud runs. No part of the cloud itself.

#include <algorithm>
#include <boost/json.hpp>
#include <initializer_list>
#include <optional>

#include "front.hpp"
#include "gateway/base/time.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

constexpr std::int64_t ten_years_s = 10L * 366 * 24 * 3600;

answer done() { return {200, "{}"}; }

answer wrong(unsigned status, const std::string& why) {
    return {status, json::serialize(json::object{{"wrong", why}})};
}

// The object in a body, with none but these members: a slip in a name would make a test pass for the wrong reason.
std::optional<json::object> members(const call& of, std::initializer_list<const char*> known) {
    boost::system::error_code ec;
    const json::value root = json::parse(of.body, ec);
    if (ec || !root.is_object()) return std::nullopt;
    for (const auto& member : root.get_object()) {
        if (std::none_of(known.begin(), known.end(), [&](const char* k) { return member.key() == k; }))
            return std::nullopt;
    }
    return root.get_object();
}

// False when the member is there and is something else. Left as it is when the member is absent.
bool read_text(const json::object& from, const char* name, std::optional<std::string>& into) {
    const auto* const found = from.if_contains(name);
    if (found == nullptr) return true;
    if (found->is_string()) into = std::string(found->get_string());
    return found->is_string();
}

bool read_number(const json::object& from, const char* name, std::int64_t least, std::int64_t most,
                 std::optional<std::int64_t>& into) {
    const auto* const found = from.if_contains(name);
    if (found == nullptr) return true;
    if (!found->is_int64() || found->get_int64() < least || found->get_int64() > most) return false;
    into = found->get_int64();
    return true;
}

// Members that are left out are again as at the start.
answer set_trouble(const call& what, trouble_switch& of) {
    const auto given = members(what, {"fault", "delay_ms", "life_ms"});
    std::optional<std::string> name = "none";
    std::optional<std::int64_t> delay, life;
    if (!given || !read_text(*given, "fault", name) || !read_number(*given, "delay_ms", 0, 3'600'000, delay) ||
        !read_number(*given, "life_ms", 0, ten_years_s * 1000, life))
        return wrong(400, "fault, delay_ms, life_ms");
    const auto kind = read_trouble(*name);
    if (!kind) return wrong(400, "no such fault: " + *name);
    trouble to = of.usual();
    to.what = *kind;
    if (to.what == trouble::kind::slow) to.delay = std::chrono::seconds(10);
    if (delay) to.delay = std::chrono::milliseconds(*delay);
    if (life) to.life = std::chrono::milliseconds(*life);
    of.set(to);
    return done();
}

}  // namespace

answer front::control(const call& what) {
    const std::string to = what.method + " " + what.path;
    if (to == "GET /simulator/counts") return counts();
    if (to == "GET /simulator/secrets_seen") return secrets_seen();
    if (to == "POST /simulator/iam") return set_trouble(what, iam_.trouble_of());
    if (to == "POST /simulator/metadata") return set_trouble(what, metadata_.trouble_of());
    if (to == "POST /simulator/clock") return set_clock(what);
    if (to == "POST /simulator/revoke") return revoke(what);
    if (to == "POST /simulator/key") return change_key(what);
    return wrong(404, "there is no such control");
}

answer front::counts() const {
    return {200, json::serialize(json::object{{"tokens", iam_.tokens()},
                                              {"securitytokens", iam_.pairs()},
                                              {"metadata_token", metadata_.tokens()},
                                              {"metadata_securitykey", metadata_.pairs()},
                                              {"ecs", ecs_.load()},
                                              {"refused", gate_.refused()}})};
}

answer front::secrets_seen() const {
    auto uses = gate_.uses();
    std::sort(uses.begin(), uses.end(), [](const use& a, const use& b) { return a.last > b.last; });
    json::array list;
    for (const auto& u : uses) {
        std::string last;
        gateway::append_rfc3339(last, u.last);
        list.push_back(json::object{{"access_key", u.access_key}, {"calls", u.calls}, {"last_used", last}});
    }
    return {200, json::serialize(list)};
}

answer front::set_clock(const call& what) {
    const auto given = members(what, {"offset_s"});
    std::optional<std::int64_t> offset;
    if (!given || !read_number(*given, "offset_s", -ten_years_s, ten_years_s, offset) || !offset)
        return wrong(400, "offset_s");
    clock_.move(std::chrono::seconds(*offset));
    return done();
}

answer front::revoke(const call& what) {
    const auto given = members(what, {"what"});
    std::optional<std::string> which;
    if (!given || !read_text(*given, "what", which) || !which) return wrong(400, "what");
    const bool all = *which == "all";
    if (!all && *which != "tokens" && *which != "pairs" && *which != "sessions")
        return wrong(400, "what is tokens, pairs, sessions or all");
    if (all || *which == "tokens") gate_.keys().revoke_tokens();
    if (all || *which == "pairs") gate_.keys().revoke_pairs();
    if (all || *which == "sessions") metadata_.revoke_sessions();
    return done();
}

answer front::change_key(const call& what) {
    const auto given = members(what, {"access_key", "secret_key", "enabled"});
    std::optional<std::string> access_key, secret_key;
    if (!given || !read_text(*given, "access_key", access_key) || !read_text(*given, "secret_key", secret_key) ||
        !access_key)
        return wrong(400, "access_key, secret_key, enabled");
    std::optional<bool> enabled;
    if (const auto* const found = given->if_contains("enabled")) {
        if (!found->is_bool()) return wrong(400, "enabled is true or false");
        enabled = found->get_bool();
    }
    if (!gate_.keys().change(*access_key, enabled, secret_key)) return wrong(404, "no key of the seed has this name");
    return done();
}

}  // namespace simulator
