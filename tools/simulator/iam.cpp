#include "iam.hpp"

#include <boost/json.hpp>

#include "gateway/base/time.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

constexpr const char* tokens_path = "/v3/auth/tokens";
// IAM's default; an account can set another.
constexpr std::chrono::minutes user_lock{15};

std::string rfc3339(iam::time at) {
    std::string text;
    gateway::append_rfc3339(text, at);
    return text;
}

// The words are ours where the reference has none: it has "The token must be updated" and the text of throttling.
answer troubled(unsigned status) {
    switch (status) {
        case 401:
            return iam_error(401, "The request you have made requires authentication.");
        case 403:
            return iam_error(403, "You are not authorized to perform the requested action.");
        case 404:
            return iam_error(404, "Could not find the requested resource.");
        case 429: {
            answer limited = iam_error(429, "Too many requests. Threshold: 10 times per 2 seconds");
            limited.headers.emplace_back("Retry-After", "2");
            return limited;
        }
        default:
            return iam_error(status, "The service is unavailable.");
    }
}

bool wants_catalog(const std::string& query) {
    const std::string sought = "&nocatalog=";
    const std::string all = "&" + query;
    const auto at = all.find(sought);
    return at == std::string::npos || at + sought.size() == all.size() || all[at + sought.size()] == '&';
}

}  // namespace

answer iam_error(unsigned status, const std::string& message) {
    return {status, json::serialize(json::object{
                        {"error", json::object{{"code", status}, {"message", message}, {"title", title_of(status)}}}})};
}

iam::iam(const seed& from, gate& before)
    : accounts_(from.accounts),
      projects_(from.projects),
      how_(from.iam),
      gate_(before),
      trouble_(trouble{trouble::kind::none, from.iam.delay, std::nullopt}) {}

reply iam::handle(const call& what, time now) {
    const bool for_token = what.path == tokens_path;
    ++(for_token ? tokens_ : pairs_);
    const trouble in = trouble_.now();
    reply given;
    given.how = in.on_the_way();
    if (in.is_mute()) return given;
    if (in.status() != 0) {
        given.with = troubled(in.status());
        return given;
    }
    const auto asked = read_auth_body(what.body);
    if (const auto* const wrong = std::get_if<std::string>(&asked))
        given.with = iam_error(400, *wrong);
    else
        given.with = for_token ? issue_token(what, std::get<auth_body>(asked), in, now)
                               : issue_pair(what, std::get<auth_body>(asked), in, now);
    return given;
}

answer iam::issue_token(const call& what, const auth_body& asked, const trouble& in, time now) {
    or_refusal<caller> who;
    caller assumed_by;
    const bool by_agency = asked.by == auth_body::method::assume_role;
    if (asked.by == auth_body::method::password) {
        who = by_password(asked, now);
    } else if (by_agency) {
        if (!asked.project.given() && !asked.domain.given()) return iam_error(400, "an agency token needs a scope");
        if (header_values(what, "x-auth-token").size() != 1) return troubled(401);
        who = by_proof(what, now);
        if (const auto* const passed = std::get_if<caller>(&who)) {
            assumed_by = *passed;
            who = assumed(assumed_by, asked);
        }
    } else {
        return iam_error(400, "this method is not supported");
    }
    if (const auto* const passed = std::get_if<caller>(&who)) who = scoped(*passed, asked);
    if (const auto* const refused = std::get_if<answer>(&who)) return *refused;

    const auto& to = std::get<caller>(who);
    const time until = now + in.life.value_or(how_.token_life);
    answer given{201, describe(to, by_agency ? &assumed_by : nullptr, asked, wants_catalog(what.query), now, until)};
    given.headers.emplace_back("X-Subject-Token", gate_.keys().issue_token(to, until, now));
    return given;
}

answer iam::issue_pair(const call& what, const auth_body& asked, const trouble& in, time now) {
    if (asked.by == auth_body::method::password) return iam_error(400, "this method is not supported");
    const bool by_agency = asked.by == auth_body::method::assume_role;
    if (!by_agency && header_values(what, "x-auth-token").empty())
        return iam_error(400, "the method token needs X-Auth-Token");
    or_refusal<caller> who;  // initialised by the call, it would be garbage to clang-tidy 16
    who = by_proof(what, now);
    if (const auto* const passed = std::get_if<caller>(&who); by_agency && passed != nullptr)
        who = assumed(*passed, asked);
    if (const auto* const refused = std::get_if<answer>(&who)) return *refused;

    caller to = std::get<caller>(who);
    to.project.clear();  // a pair is good for all that its owner may use
    to.for_projects = true;
    const auto pair = gate_.keys().issue_pair(to, now + in.life.value_or(how_.pair_life.value_or(asked.duration)), now);
    return {201, json::serialize(json::object{{"credential", json::object{{"access", pair.access_key},
                                                                          {"secret", pair.secret_key},
                                                                          {"securitytoken", pair.security_token},
                                                                          {"expires_at", rfc3339(pair.until)}}}})};
}

iam::or_refusal<caller> iam::by_password(const auth_body& asked, time now) {
    // An unknown user is not told from a wrong password.
    const auto wrong = iam_error(401, "The username or password is wrong.");
    const auto domain = accounts_.find(asked.user_domain);
    if (domain == accounts_.end()) return wrong;
    const auto known = domain->second.users.find(asked.user);
    if (known == domain->second.users.end()) return wrong;
    {
        const std::lock_guard held(lock_);
        history& past = histories_[asked.user_domain + "/" + asked.user];
        if (now < past.locked_until) return iam_error(401, "The user has been locked. Try again later.");
        if (known->second.password != asked.password) {
            if (++past.wrong >= how_.wrong_passwords_lock) past = {0, now + user_lock};
            return wrong;
        }
        past.wrong = 0;
    }
    if (!known->second.enabled) return iam_error(403, "The user is disabled.");
    caller who;
    who.account = asked.user_domain;
    who.user = asked.user;
    who.agent_operator = known->second.agent_operator;
    return who;
}

iam::or_refusal<caller> iam::by_proof(const call& what, time now) {
    auto checked = gate_.identify(what, now);
    if (auto* const who = std::get_if<caller>(&checked)) return std::move(*who);
    const auto& why = std::get<denial>(checked);
    // A signature is checked by the gate in front of IAM, a token by IAM itself.
    if (!header_values(what, "authorization").empty()) return gate::refusal(why, what.request_id);
    return why.over ? iam_error(401, "The token must be updated.") : troubled(401);
}

std::string iam::account_named(const auth_body::named& what) const {
    for (const auto& [name, a] : accounts_) {
        if (what.id.empty() ? name == what.name : a.domain_id == what.id) return name;
    }
    return "";
}

iam::or_refusal<caller> iam::assumed(const caller& who, const auth_body& asked) const {
    const auto owner = accounts_.find(account_named(asked.agency_domain));
    if (owner == accounts_.end()) return iam_error(404, "Could not find the domain of the agency.");
    const auto agency = owner->second.agencies.find(asked.agency);
    if (agency == owner->second.agencies.end()) return iam_error(404, "Could not find agency: " + asked.agency + ".");
    if (agency->second != who.account)
        return iam_error(403, "You are not authorized to perform the requested action: the agency trusts another.");
    if (!who.agent_operator)
        return iam_error(403, "You are not authorized to perform the requested action: Agent Operator is missing.");
    caller as;
    as.account = owner->first;
    as.user = owner->first + "/" + asked.agency;
    return as;
}

// What a scope that the caller can't have is answered with, the reference does not say: 404 is ours.
iam::or_refusal<caller> iam::scoped(caller who, const auth_body& asked) const {
    who.for_projects = asked.project.given();
    if (asked.project.given()) {
        for (const auto& [id, p] : projects_) {
            const bool meant = asked.project.id.empty() ? p.name == asked.project.name : id == asked.project.id;
            if (!meant || p.account != who.account) continue;
            who.project = id;
            return who;
        }
        return iam_error(404, "Could not find the project of the scope.");
    }
    if (asked.domain.given() && account_named(asked.domain) != who.account)
        return iam_error(404, "Could not find the domain of the scope.");
    return who;
}

// The body of a token's answer, which has everything but the token.
std::string iam::describe(const caller& who, const caller* assumed_by, const auth_body& asked, bool with_catalog,
                          time now, time until) const {
    const auto domain_of = [&](const std::string& account) {
        return json::object{{"id", accounts_.at(account).domain_id}, {"name", account}};
    };
    const auto user_of = [&](const caller& c) {
        return json::object{{"id", stable_id("user " + c.account + "/" + c.user)},
                            {"name", c.user},
                            {"domain", domain_of(c.account)},
                            {"password_expires_at", ""}};
    };
    json::object token{{"expires_at", rfc3339(until)},
                       {"issued_at", rfc3339(now)},
                       {"methods", json::array{assumed_by == nullptr ? "password" : "assume_role"}},
                       {"user", user_of(who)},
                       {"roles", json::array{json::object{{"id", "0"}, {"name", "te_agency"}},
                                             json::object{{"id", "0"}, {"name", "op_gated_eip_ipv6"}}}}};
    if (assumed_by != nullptr) token["assumed_by"] = json::object{{"user", user_of(*assumed_by)}};
    if (asked.project.given())
        token["project"] = json::object{
            {"id", who.project}, {"name", projects_.at(who.project).name}, {"domain", domain_of(who.account)}};
    else if (asked.domain.given())
        token["domain"] = domain_of(who.account);
    if (with_catalog) {
        json::array catalog;
        for (const char* const service : {"ecs", "evs", "vpc", "ims", "iam", "obs", "rds", "cce"}) {
            json::object endpoint{{"id", stable_id(std::string("endpoint ") + service)},
                                  {"interface", "public"},
                                  {"region", "*"},
                                  {"region_id", "*"},
                                  {"url", std::string("https://") + service + ".example.com/v1/" + who.project}};
            catalog.push_back(json::object{{"id", stable_id(std::string("service ") + service)},
                                           {"name", service},
                                           {"type", service},
                                           {"endpoints", json::array{endpoint}}});
        }
        token["catalog"] = catalog;
    }
    return json::serialize(json::object{{"token", token}});
}

}  // namespace simulator
