#include "schema.hpp"

#include "region_table.hpp"

namespace gateway::config {

namespace {

// "agency and token"
std::string joined(const std::vector<std::string_view>& all) {
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != 0) text += i + 1 == all.size() ? " and " : ", ";
        text += all[i];
    }
    return text;
}

// A problem unless exactly one of several ways is taken.
void expect_one(const std::vector<std::string_view>& taken, std::string_view choices, const node& from, reader& in) {
    if (taken.size() == 1) return;
    in.add(from, taken.empty() ? "expected one of " + std::string(choices)
                               : joined(taken) + " stand together; expected exactly one of " + std::string(choices));
}

// A problem for each of the two that is missing while the other one stands.
void expect_both(std::string_view a, std::string_view b, const node& from, reader& in) {
    for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
        if (from.find(one) == nullptr && from.find(other) != nullptr) {
            in.add(in.at(from, one), "missing; expected it beside " + std::string(other));
        }
    }
}

void expect_one_domain(const node& from, reader& in) {
    std::vector<std::string_view> taken;
    for (const std::string_view key : {"domain_name", "domain_id"}) {
        if (from.find(key) != nullptr) taken.push_back(key);
    }
    expect_one(taken, "domain_name, domain_id", from, in);
}

}  // namespace

void check(const tls_server&, const node& from, reader& in) {
    if (from.find("client_certificate") != nullptr && from.find("client_ca") == nullptr) {
        in.add(in.at(from, "client_certificate"),
               "client certificates can't be verified; expected client_ca beside it");
    }
}

void check(const listener& l, const node& from, reader& in) {
    if (l.name.empty()) return;  // a problem already
    in.define(names::listener, l.name, in.at(from, "address"));
    const bool has_tls = from.find("tls") != nullptr;
    if (!l.is_local() && !has_tls && !l.plain_http) {
        in.add(in.at(from, "address"),
               "plain HTTP on an address that other machines reach; expected tls, a loopback or unix address, or "
               "plain_http: true");
    }
    if (has_tls && l.plain_http) {
        in.add(in.at(from, "plain_http"), "tls and plain_http stand together; expected one of them");
    }
    if (from.find("mode") != nullptr && !l.is_unix) {
        in.add(in.at(from, "mode"), "a TCP address has no permission bits; expected mode beside a unix: address only");
    }
}

void check(const limits& l, const node& from, reader& in) {
    if (l.buffered_bytes < l.body_bytes + l.header_bytes) {
        in.add(
            in.at(from, from.find("buffered_bytes") != nullptr ? "buffered_bytes" : "body_bytes"),
            "no body as large as body_bytes would ever be taken; expected buffered_bytes to be at least header_bytes "
            "and body_bytes together");
    }
}

void check(const caller& c, const node& from, reader& in) {
    std::vector<std::string_view> in_header, of_connection;
    if (from.find("access_key") != nullptr || from.find("secret_key") != nullptr) in_header.emplace_back("access_key");
    if (from.find("api_key_sha256") != nullptr) in_header.emplace_back("api_key_sha256");
    for (const std::string_view proof : {"certificate_san", "unix_user", "listener"}) {
        if (from.find(proof) != nullptr) of_connection.push_back(proof);
    }
    // One of each kind may stand together: then a call must bring both. A listener proves nobody beside another proof.
    auto all = in_header;
    all.insert(all.end(), of_connection.begin(), of_connection.end());
    if (all.empty() || c.listener)
        expect_one(all, "access_key with secret_key, api_key_sha256, certificate_san, unix_user, listener", from, in);
    else if (in_header.size() > 1)
        expect_one(in_header, "access_key with secret_key, api_key_sha256", from, in);
    else if (of_connection.size() > 1)
        expect_one(of_connection, "certificate_san, unix_user", from, in);
    expect_both("access_key", "secret_key", from, in);
    if (c.any_signature && from.find("listener") == nullptr)
        in.add(in.at(from, "any_signature"), "there is no listener beside it; expected it with listener only");

    const auto define = [&](names of, std::string_view key, const std::string& proof) {
        in.define(of, proof, in.at(from, key));
    };
    if (c.access_key) define(names::access_key, "access_key", *c.access_key);
    if (c.api_key_sha256) define(names::api_key, "api_key_sha256", to_hex(*c.api_key_sha256));
    if (c.certificate_san) define(names::certificate_san, "certificate_san", *c.certificate_san);
    if (c.unix_user) define(names::unix_user, "unix_user", *c.unix_user);
    if (c.listener) define(names::listener_proof, "listener", *c.listener);
}

void check(const agency_credential&, const node& from, reader& in) { expect_one_domain(from, in); }

void check(const token_credential&, const node& from, reader& in) { expect_one_domain(from, in); }

void check(credential& c, const node& from, reader& in) {
    struct way {
        std::string_view key;
        credential::kind kind;
    };
    constexpr std::array<way, 5> ways{{{"access_key", credential::kind::pair},
                                       {"agency", credential::kind::agency},
                                       {"token", credential::kind::token},
                                       {"metadata", credential::kind::metadata},
                                       {"sdk_default", credential::kind::sdk_default}}};
    const bool is_pair = from.find("access_key") != nullptr || from.find("secret_key") != nullptr;
    std::vector<std::string_view> taken;
    for (const auto& [key, kind] : ways) {
        if (kind == credential::kind::pair ? !is_pair : from.find(key) == nullptr) continue;
        if (taken.empty()) c.is = kind;
        taken.push_back(key);
    }
    expect_one(taken, "access_key with secret_key, agency, token, metadata, sdk_default", from, in);
    expect_both("access_key", "secret_key", from, in);
    for (const std::string_view key : {"security_token", "algorithm"}) {
        if (from.find(key) != nullptr && !is_pair) {
            in.add(in.at(from, key), "expected it beside access_key and secret_key only");
        }
    }
    if (!is_pair) c.pair.reset();
}

void check(const region& r, const node& from, reader& in) {
    if (r.ecs.host.empty() && from.find("ecs") == nullptr) {
        in.add(in.at(from, "ecs"),
               "missing for a region that the built-in table lacks; expected " + endpoint_url{}.expected());
    }
}

region& slot_for(std::map<std::string, region, std::less<>>& regions, const std::string& id) {
    const auto [slot, is_new] = regions.try_emplace(id);
    if (is_new) slot->second.iam = global_iam();
    return slot->second;
}

std::string& slot_for(std::vector<project>& projects, const std::string& id) {
    return projects.emplace_back(project{.id = id, .region = {}}).region;
}

}  // namespace gateway::config
