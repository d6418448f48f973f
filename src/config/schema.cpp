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
void expect_one(const std::vector<std::string_view>& taken, std::string_view choices, const node& input,
                reader& reader) {
    if (taken.size() == 1) return;
    reader.add(input, taken.empty()
                          ? "expected one of " + std::string(choices)
                          : joined(taken) + " stand together; expected exactly one of " + std::string(choices));
}

// A problem for each of the two that is missing while the other one stands.
void expect_both(std::string_view a, std::string_view b, const node& input, reader& reader) {
    for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
        if (input.find(one) == nullptr && input.find(other) != nullptr) {
            reader.add(reader.locate(input, one), "missing; expected it beside " + std::string(other));
        }
    }
}

void expect_one_domain(const node& input, reader& reader) {
    std::vector<std::string_view> taken;
    for (const std::string_view key : {"domain_name", "domain_id"}) {
        if (input.find(key) != nullptr) taken.push_back(key);
    }
    expect_one(taken, "domain_name, domain_id", input, reader);
}

}  // namespace

void check(const tls_server&, const node& input, reader& reader) {
    if (input.find("client_certificate") != nullptr && input.find("client_ca") == nullptr) {
        reader.add(reader.locate(input, "client_certificate"),
                   "client certificates can't be verified; expected client_ca beside it");
    }
}

void check(const listener& l, const node& input, reader& reader) {
    if (l.name.empty()) return;  // a problem already
    reader.register_name(name_kind::listener, l.name, reader.locate(input, "address"));
    const bool has_tls = input.find("tls") != nullptr;
    if (!l.is_local() && !has_tls && !l.plain_http) {
        reader.add(reader.locate(input, "address"),
                   "plain HTTP on an address that other machines reach; expected tls, a loopback or unix address, or "
                   "plain_http: true");
    }
    if (has_tls && l.plain_http) {
        reader.add(reader.locate(input, "plain_http"), "tls and plain_http stand together; expected one of them");
    }
    if (input.find("mode") != nullptr && !l.is_unix) {
        reader.add(reader.locate(input, "mode"),
                   "a TCP address has no permission bits; expected mode beside a unix: address only");
    }
}

void check(const limits& l, const node& input, reader& reader) {
    if (l.buffered_bytes < l.body_bytes + l.header_bytes) {
        reader.add(
            reader.locate(input, input.find("buffered_bytes") != nullptr ? "buffered_bytes" : "body_bytes"),
            "no body as large as body_bytes would ever be taken; expected buffered_bytes to be at least header_bytes "
            "and body_bytes together");
    }
}

void check(const caller& c, const node& input, reader& reader) {
    std::vector<std::string_view> header_proofs, connection_proofs;
    if (input.find("access_key") != nullptr || input.find("secret_key") != nullptr)
        header_proofs.emplace_back("access_key");
    if (input.find("api_key_sha256") != nullptr) header_proofs.emplace_back("api_key_sha256");
    for (const std::string_view proof : {"certificate_san", "unix_user", "listener"}) {
        if (input.find(proof) != nullptr) connection_proofs.push_back(proof);
    }
    // One of each kind may be set together: then a call must bring both. A listener is no proof beside another one.
    auto all = header_proofs;
    all.insert(all.end(), connection_proofs.begin(), connection_proofs.end());
    if (all.empty() || c.listener)
        expect_one(all, "access_key with secret_key, api_key_sha256, certificate_san, unix_user, listener", input,
                   reader);
    else if (header_proofs.size() > 1)
        expect_one(header_proofs, "access_key with secret_key, api_key_sha256", input, reader);
    else if (connection_proofs.size() > 1)
        expect_one(connection_proofs, "certificate_san, unix_user", input, reader);
    expect_both("access_key", "secret_key", input, reader);
    if (c.any_signature && input.find("listener") == nullptr)
        reader.add(reader.locate(input, "any_signature"),
                   "there is no listener beside it; expected it with listener only");

    const auto register_proof = [&](name_kind kind, std::string_view key, const std::string& proof) {
        reader.register_name(kind, proof, reader.locate(input, key));
    };
    if (c.access_key) register_proof(name_kind::access_key, "access_key", *c.access_key);
    if (c.api_key_sha256) register_proof(name_kind::api_key, "api_key_sha256", to_hex(*c.api_key_sha256));
    if (c.certificate_san) register_proof(name_kind::certificate_san, "certificate_san", *c.certificate_san);
    if (c.unix_user) register_proof(name_kind::unix_user, "unix_user", *c.unix_user);
    if (c.listener) register_proof(name_kind::listener_proof, "listener", *c.listener);
}

void check(const agency_credential&, const node& input, reader& reader) { expect_one_domain(input, reader); }

void check(const token_credential&, const node& input, reader& reader) { expect_one_domain(input, reader); }

void check(credential& c, const node& input, reader& reader) {
    struct source_key {
        std::string_view key;
        credential::kind kind;
    };
    constexpr std::array<source_key, 5> source_keys{{{"access_key", credential::kind::pair},
                                                     {"agency", credential::kind::agency},
                                                     {"token", credential::kind::token},
                                                     {"metadata", credential::kind::metadata},
                                                     {"sdk_default", credential::kind::sdk_default}}};
    const bool is_pair = input.find("access_key") != nullptr || input.find("secret_key") != nullptr;
    std::vector<std::string_view> taken;
    for (const auto& [key, kind] : source_keys) {
        if (kind == credential::kind::pair ? !is_pair : input.find(key) == nullptr) continue;
        if (taken.empty()) c.type = kind;
        taken.push_back(key);
    }
    expect_one(taken, "access_key with secret_key, agency, token, metadata, sdk_default", input, reader);
    expect_both("access_key", "secret_key", input, reader);
    for (const std::string_view key : {"security_token", "algorithm"}) {
        if (input.find(key) != nullptr && !is_pair) {
            reader.add(reader.locate(input, key), "expected it beside access_key and secret_key only");
        }
    }
    if (!is_pair) c.pair.reset();
}

void check(const region& r, const node& input, reader& reader) {
    if (r.ecs.host.empty() && input.find("ecs") == nullptr) {
        reader.add(reader.locate(input, "ecs"),
                   "missing for a region that the built-in table lacks; expected " + endpoint_url{}.expected());
    }
}

void check(ledger& l, const node& input, reader& reader) {
    std::vector<std::string_view> places;
    if (input.find("file") != nullptr) places.emplace_back("file");
    if (l.postgresql) places.emplace_back("postgresql");
    if (l.memory) places.emplace_back("memory");
    if (places.size() > 1) expect_one(places, "file, postgresql, memory: true", input, reader);
    if (l.memory && places.size() == 1)
        reader.warn(reader.locate(input, "memory"),
                    "no change outlives the process: after a restart a repeat is a new change, and nothing is known of "
                    "those that were on their way");
    if (l.memory || l.postgresql) l.file.clear();
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
