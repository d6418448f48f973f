#include "seed.hpp"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <initializer_list>
#include <sstream>
#include <stdexcept>

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
    return map[key] ? std::chrono::milliseconds(map[key].as<long>()) : otherwise;
}

fault read_fault(const YAML::Node& from) {
    only(from, {"delay_ms", "close_before_answer", "close_after_bytes", "garbage", "status", "body",
                "extra_header_bytes", "big_body_bytes", "connection_close"});
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
    return f;
}

void read_account(const YAML::Node& from, seed& into) {
    only(from, {"name", "keys", "projects", "partner_forbidden", "balance_ok", "domain_id"});
    const auto name = from["name"].as<std::string>();
    account& a = into.accounts[name];
    read(from, "partner_forbidden", a.partner_forbidden);
    read(from, "balance_ok", a.balance_ok);
    read(from, "domain_id", a.domain_id);
    for (const auto& k : from["keys"]) {
        only(k, {"access_key", "secret_key", "security_token", "enabled"});
        access_key key;
        key.secret_key = k["secret_key"].as<std::string>();
        read(k, "security_token", key.security_token);
        read(k, "enabled", key.enabled);
        key.account = name;
        into.keys[k["access_key"].as<std::string>()] = key;
    }
    for (const auto& p : from["projects"]) {
        project made;
        made.account = name;
        if (p.IsMap()) {
            only(p, {"id", "region"});
            read(p, "region", made.region);
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

seed read_root(const YAML::Node& root) {
    only(root, {"accounts", "tokens", "flavors", "servers", "jobs", "order_without_job", "echo_canonical_request"});
    seed s;
    for (const auto& a : root["accounts"])
        read_account(a, s);
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
        only(jobs, {"init_ms", "running_ms"});
        s.init = milliseconds(jobs, "init_ms", s.init);
        s.running = milliseconds(jobs, "running_ms", s.running);
    }
    read(root, "order_without_job", s.order_without_job);
    read(root, "echo_canonical_request", s.echo_canonical_request);
    return s;
}

}  // namespace

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
