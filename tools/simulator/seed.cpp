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
    only(from, {"name", "keys", "projects", "partner_forbidden", "balance_ok"});
    const auto name = from["name"].as<std::string>();
    account& a = into.accounts[name];
    read(from, "partner_forbidden", a.partner_forbidden);
    read(from, "balance_ok", a.balance_ok);
    for (const auto& k : from["keys"]) {
        only(k, {"access_key", "secret_key", "security_token", "enabled"});
        access_key key;
        key.secret_key = k["secret_key"].as<std::string>();
        read(k, "security_token", key.security_token);
        read(k, "enabled", key.enabled);
        key.account = name;
        into.keys[k["access_key"].as<std::string>()] = key;
    }
    for (const auto& p : from["projects"])
        into.projects[p.IsMap() ? p["id"].as<std::string>() : p.as<std::string>()] = name;
}

seed read_root(const YAML::Node& root) {
    only(root, {"accounts", "flavors", "servers", "jobs", "order_without_job"});
    seed s;
    for (const auto& a : root["accounts"])
        read_account(a, s);
    for (const auto& f : root["flavors"]) {
        only(f, {"id", "vcpus", "ram", "sold_out"});
        flavor& made = s.flavors[f["id"].as<std::string>()];
        read(f, "vcpus", made.vcpus);
        read(f, "ram", made.ram);
        read(f, "sold_out", made.sold_out);
    }
    for (const auto& v : root["servers"]) {
        only(v, {"id", "project", "name", "flavor", "status", "charging_mode", "locked", "fails_with", "fault"});
        server& made = s.servers[v["id"].as<std::string>()];
        made.project = v["project"].as<std::string>();
        made.flavor = v["flavor"].as<std::string>();
        read(v, "name", made.name);
        read(v, "status", made.status);
        read(v, "charging_mode", made.charging_mode);
        read(v, "locked", made.locked);
        read(v, "fails_with", made.fails_with);
        if (v["fault"]) made.wrong = read_fault(v["fault"]);
        if (s.projects.count(made.project) == 0) fail(v, "the project of this server is in no account");
        if (s.flavors.count(made.flavor) == 0) fail(v, "the flavor of this server is not among flavors");
    }
    if (const auto jobs = root["jobs"]) {
        only(jobs, {"init_ms", "running_ms"});
        s.init = milliseconds(jobs, "init_ms", s.init);
        s.running = milliseconds(jobs, "running_ms", s.running);
    }
    read(root, "order_without_job", s.order_without_job);
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
