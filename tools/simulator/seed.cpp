#include "seed.hpp"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <initializer_list>
#include <sstream>
#include <stdexcept>

#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"

namespace simulator {

namespace {

[[noreturn]] void fail(const YAML::Node& at, const std::string& what) {
    throw std::runtime_error("seed, line " + std::to_string(at.Mark().line + 1) + ": " + what);
}

// A slip in a key would make a test pass for the wrong reason.
void only(const YAML::Node& map, std::initializer_list<const char*> keys) {
    for (const auto& entry : map) {
        const auto key = entry.first.as<std::string>();
        bool known = false;
        for (const char* k : keys)
            known = known || key == k;
        if (!known) fail(entry.first, "unknown key " + key);
    }
}

template <class T>
void read(const YAML::Node& map, const char* key, T& into) {
    if (const auto value = map[key]) into = value.as<T>();
}

template <class T>
void read(const YAML::Node& map, const char* key, std::optional<T>& into) {
    if (const auto value = map[key]) into = value.as<T>();
}

std::chrono::milliseconds milliseconds(const YAML::Node& map, const char* key, std::chrono::milliseconds otherwise) {
    if (!map[key]) return otherwise;
    const auto count = map[key].as<long>();
    if (count < 0 || std::chrono::milliseconds(count) > std::chrono::hours(24 * 3660))
        fail(map[key], std::string(key) + " is between 0 and ten years");
    return std::chrono::milliseconds(count);
}

fault read_fault(const YAML::Node& from) {
    only(from, {"delay_ms", "close_before_answer", "close_after_bytes", "garbage", "status", "body",
                "extra_header_bytes", "big_body_bytes", "connection_close", "no_answer"});
    fault f;
    f.delay = milliseconds(from, "delay_ms", f.delay);
    read(from, "close_before_answer", f.close_before_answer);
    read(from, "close_after_bytes", f.close_after);
    read(from, "garbage", f.garbage);
    read(from, "status", f.status);
    read(from, "body", f.body);
    read(from, "extra_header_bytes", f.extra_header_bytes);
    read(from, "big_body_bytes", f.big_body_bytes);
    read(from, "connection_close", f.connection_close);
    read(from, "no_answer", f.no_answer);
    return f;
}

void read_users(const YAML::Node& from, account& into) {
    for (const auto& u : from) {
        only(u, {"name", "password", "enabled", "agent_operator"});
        user made;
        made.password = u["password"].as<std::string>();
        read(u, "enabled", made.enabled);
        read(u, "agent_operator", made.agent_operator);
        if (!into.users.emplace(u["name"].as<std::string>(), made).second)
            fail(u, "a user of that name is there already");
    }
}

void read_agencies(const YAML::Node& from, account& into) {
    for (const auto& a : from) {
        only(a, {"name", "trusts"});
        if (!into.agencies.emplace(a["name"].as<std::string>(), a["trusts"].as<std::string>()).second)
            fail(a, "an agency of that name is there already");
    }
}

void read_account(const YAML::Node& from, seed& into) {
    only(from, {"name", "keys", "projects", "partner_forbidden", "balance_ok", "domain_id", "users", "agencies",
                "customers"});
    const auto name = from["name"].as<std::string>();
    account& a = into.accounts[name];
    read(from, "partner_forbidden", a.partner_forbidden);
    read(from, "balance_ok", a.balance_ok);
    a.domain_id = stable_id("domain " + name);
    read(from, "domain_id", a.domain_id);
    for (const auto& c : from["customers"])
        a.customers.insert(c.as<std::string>());
    read_users(from["users"], a);
    read_agencies(from["agencies"], a);
    for (const auto& k : from["keys"]) {
        only(k, {"access_key", "secret_key", "security_token", "enabled", "agent_operator"});
        access_key key;
        key.secret_key = k["secret_key"].as<std::string>();
        read(k, "security_token", key.security_token);
        read(k, "enabled", key.enabled);
        read(k, "agent_operator", key.agent_operator);
        key.account = name;
        into.keys[k["access_key"].as<std::string>()] = key;
    }
    for (const auto& p : from["projects"]) {
        project made;
        made.account = name;
        if (p.IsMap()) {
            only(p, {"id", "region", "name"});
            read(p, "region", made.region);
            made.name = made.region;
            read(p, "name", made.name);
        }
        into.projects[p.IsMap() ? p["id"].as<std::string>() : p.as<std::string>()] = made;
    }
}

void read_token(const YAML::Node& from, seed& into) {
    only(from, {"token", "account", "project"});
    token t;
    read(from, "account", t.account);
    read(from, "project", t.project);
    if (!t.project.empty()) {
        const auto found = into.projects.find(t.project);
        if (found == into.projects.end()) fail(from, "the project of this token is in no account");
        if (!t.account.empty() && t.account != found->second.account)
            fail(from, "the project of this token is in another account");
        t.account = found->second.account;
    }
    if (into.accounts.count(t.account) == 0) fail(from, "a token has an account, or a project of one");
    into.tokens[from["token"].as<std::string>()] = t;
}

void read_server(const YAML::Node& from, seed& into) {
    only(from, {"id", "project", "name", "flavor", "status", "charging_mode", "locked", "fails_with", "fault"});
    server& made = into.servers[from["id"].as<std::string>()];
    made.project = from["project"].as<std::string>();
    made.flavor = from["flavor"].as<std::string>();
    read(from, "name", made.name);
    read(from, "status", made.status);
    read(from, "charging_mode", made.charging_mode);
    read(from, "locked", made.locked);
    read(from, "fails_with", made.fails_with);
    if (from["fault"]) made.wrong = read_fault(from["fault"]);
    if (into.projects.count(made.project) == 0) fail(from, "the project of this server is in no account");
    if (into.flavors.count(made.flavor) == 0) fail(from, "the flavor of this server is not among flavors");
    if (made.status != "SHUTOFF" && made.status != "ACTIVE") fail(from, "a server is SHUTOFF or ACTIVE");
    if (made.charging_mode != "0" && made.charging_mode != "1" && made.charging_mode != "2")
        fail(from, "a charging_mode is 0, 1 or 2");
}

iam_settings read_iam(const YAML::Node& from) {
    only(from, {"token_life_ms", "pair_life_ms", "delay_ms", "wrong_passwords_lock"});
    iam_settings i;
    i.token_life = milliseconds(from, "token_life_ms", i.token_life);
    if (from["pair_life_ms"]) i.pair_life = milliseconds(from, "pair_life_ms", {});
    i.delay = milliseconds(from, "delay_ms", i.delay);
    read(from, "wrong_passwords_lock", i.wrong_passwords_lock);
    return i;
}

metadata_settings read_metadata(const YAML::Node& from) {
    only(from, {"account", "pair_life_ms", "token_mode", "agency"});
    metadata_settings m;
    m.account = from["account"].as<std::string>();
    m.pair_life = milliseconds(from, "pair_life_ms", m.pair_life);
    read(from, "agency", m.agency);
    if (const auto mode = from["token_mode"]) {
        m.token_mode = mode.as<std::string>() == "required";
        if (!m.token_mode && mode.as<std::string>() != "off") fail(mode, "token_mode is required or off");
    }
    return m;
}

billing_settings read_billing(const YAML::Node& from) {
    only(from, {"amount", "currency", "pay_within_ms", "lag_ms"});
    billing_settings b;
    read(from, "amount", b.terms.amount);
    read(from, "currency", b.terms.currency);
    b.terms.pay_within = milliseconds(from, "pay_within_ms", b.terms.pay_within);
    b.lag = milliseconds(from, "lag_ms", b.lag);
    return b;
}

trace_settings read_traces(const YAML::Node& from) {
    only(from, {"written", "lag_ms", "blind", "denied"});
    trace_settings t;
    t.lag = milliseconds(from, "lag_ms", t.lag);
    read(from, "blind", t.blind);
    read(from, "denied", t.denied);
    if (const auto written = from["written"]) {
        t.when_ended = written.as<std::string>() == "ended";
        if (!t.when_ended && written.as<std::string>() != "answered") fail(written, "written is ended or answered");
    }
    return t;
}

// Once all accounts are known.
void check_accounts(const YAML::Node& root, const seed& s) {
    for (const auto& [name, a] : s.accounts) {
        for (const auto& [agency, trusted] : a.agencies) {
            if (s.accounts.count(trusted) == 0) fail(root["accounts"], "the agency " + agency + " trusts nobody here");
        }
        for (const auto& customer : a.customers) {
            if (s.accounts.count(customer) == 0) fail(root["accounts"], "the customer " + customer + " is no account");
        }
    }
    if (s.metadata && s.accounts.count(s.metadata->account) == 0)
        fail(root["metadata"], "the account of the metadata service is not among accounts");
}

seed read_root(const YAML::Node& root) {
    only(root, {"accounts", "tokens", "flavors", "servers", "jobs", "order_without_job", "echo_canonical_request",
                "iam", "metadata", "billing", "traces"});
    seed s;
    for (const auto& a : root["accounts"])
        read_account(a, s);
    if (root["iam"]) s.iam = read_iam(root["iam"]);
    if (root["billing"]) s.billing = read_billing(root["billing"]);
    if (root["traces"]) s.traces = read_traces(root["traces"]);
    if (root["metadata"]) s.metadata = read_metadata(root["metadata"]);
    check_accounts(root, s);
    for (const auto& t : root["tokens"])
        read_token(t, s);
    for (const auto& f : root["flavors"]) {
        only(f, {"id", "vcpus", "ram", "sold_out"});
        flavor& made = s.flavors[f["id"].as<std::string>()];
        read(f, "vcpus", made.vcpus);
        read(f, "ram", made.ram);
        read(f, "sold_out", made.sold_out);
    }
    for (const auto& v : root["servers"])
        read_server(v, s);
    if (const auto jobs = root["jobs"]) {
        only(jobs, {"init_ms", "running_ms", "lag_ms"});
        s.goes.init = milliseconds(jobs, "init_ms", s.goes.init);
        s.goes.running = milliseconds(jobs, "running_ms", s.goes.running);
        s.goes.lag = milliseconds(jobs, "lag_ms", s.goes.lag);
    }
    read(root, "order_without_job", s.order_without_job);
    read(root, "echo_canonical_request", s.echo_canonical_request);
    return s;
}

}  // namespace

std::string stable_id(const std::string& of) { return gateway::to_hex(gateway::sha256_of(of)).substr(0, 32); }

seed parse_seed(const std::string& yaml) {
    try {
        return read_root(YAML::Load(yaml));
    } catch (const YAML::Exception& e) {
        throw std::runtime_error(std::string("seed: ") + e.what());
    }
}

seed read_seed(const std::string& file) {
    std::ifstream from(file);
    if (!from) throw std::runtime_error("can't read the seed " + file);
    std::stringstream text;
    text << from.rdbuf();
    return parse_seed(text.str());
}

}  // namespace simulator
