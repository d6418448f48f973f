// What a test can turn and read while the cloud runs. No part of the cloud itself.

#include <algorithm>
#include <boost/json.hpp>

#include "control.hpp"
#include "front.hpp"
#include "gateway/base/time.hpp"
#include "members.hpp"

namespace simulator {

namespace json = boost::json;

answer done() { return {200, "{}"}; }

answer wrong(unsigned status, const std::string& why) {
    return {status, json::serialize(json::object{{"wrong", why}})};
}

namespace {

constexpr std::int64_t ten_years_s = 10L * 366 * 24 * 3600;

// Members that are left out are again as at the start.
answer set_trouble(const call& what, trouble_switch& of) {
    members given(what.body);
    const std::string name = given.text("fault").value_or("none");
    const auto delay = given.number("delay_ms", 0, 3'600'000), life = given.number("life_ms", 0, ten_years_s * 1000);
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    const auto kind = read_trouble(name);
    if (!kind) return wrong(400, "no such fault: " + name);
    trouble to = of.usual();
    to.what = *kind;
    if (to.what == trouble::kind::slow) to.delay = std::chrono::seconds(10);
    if (delay) to.delay = std::chrono::milliseconds(*delay);
    if (life) to.life = std::chrono::milliseconds(*life);
    of.set(to);
    return done();
}

}  // namespace

answer front::control(const call& what, time now) {
    const std::string to = what.method + " " + what.path;
    if (to == "GET /simulator/counts") return counts();
    if (to == "GET /simulator/secrets_seen") return secrets_seen();
    if (to == "POST /simulator/iam") return set_trouble(what, iam_.trouble_of());
    if (to == "POST /simulator/metadata") return set_trouble(what, metadata_.trouble_of());
    if (to == "POST /simulator/clock") return set_clock(what);
    if (to == "POST /simulator/revoke") return revoke(what);
    if (to == "POST /simulator/key") return change_key(what);
    if (auto given = control_changes(what, now)) return *given;
    return wrong(404, "there is no such control");
}

answer front::counts() const {
    auto calls = tally_.all();
    const auto ecs = calls["ecs"].calls + calls["none"].calls;
    return {200, json::serialize(json::object{{"tokens", iam_.tokens()},
                                              {"securitytokens", iam_.pairs()},
                                              {"metadata_token", metadata_.tokens()},
                                              {"metadata_securitykey", metadata_.pairs()},
                                              {"ecs", ecs},
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
    members given(what.body);
    const auto offset = given.number("offset_s", -ten_years_s, ten_years_s);
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!offset) return wrong(400, "offset_s is missing");
    clock_.move(std::chrono::seconds(*offset));
    return done();
}

answer front::revoke(const call& what) {
    members given(what.body);
    const auto which = given.text("what");
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    const bool all = which == "all";
    if (!all && which != "tokens" && which != "pairs" && which != "sessions")
        return wrong(400, "what is tokens, pairs, sessions or all");
    if (all || which == "tokens") gate_.keys().revoke_tokens();
    if (all || which == "pairs") gate_.keys().revoke_pairs();
    if (all || which == "sessions") metadata_.revoke_sessions();
    return done();
}

answer front::change_key(const call& what) {
    members given(what.body);
    const auto access_key = given.text("access_key"), secret_key = given.text("secret_key");
    const auto enabled = given.flag("enabled");
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!access_key) return wrong(400, "access_key is missing");
    if (!gate_.keys().change(*access_key, enabled, secret_key)) return wrong(404, "no key of the seed has this name");
    return done();
}

}  // namespace simulator
