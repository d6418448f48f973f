#include "cross_checks.hpp"

#include <algorithm>
#include <initializer_list>
#include <variant>

#include "value_types.hpp"

namespace gateway::config {

namespace {

using step = std::variant<std::string_view, std::size_t>;

// The location of a value by its path, or of the last step of the path that exists.
location locate(const node& root, std::initializer_list<step> steps) {
    const node* last = &root;
    std::string path;
    bool lost = false;
    for (const step& next : steps) {
        const node* found = nullptr;
        if (const auto* key = std::get_if<std::string_view>(&next)) {
            reader::append_key(path, *key);
            found = last->find(*key);
        } else {
            const auto index = std::get<std::size_t>(next);
            path += '[' + std::to_string(index) + ']';
            if (index < last->values.size()) found = &last->values[index];
        }
        lost = lost || found == nullptr;
        if (!lost) last = found;
    }
    return {last->line, last->column, std::move(path)};
}

// Two sockets at one address, spelled alike or not; port 0 is a port of one's own.
bool same_socket(const listener& l, const std::string& host, std::uint16_t port) {
    return !l.is_unix && l.host == host && l.port == port && port != 0;
}

void check_callers(const settings& all, const node& root, reader& reader) {
    const auto any_listener = [&](auto predicate) {
        return std::any_of(all.listeners.begin(), all.listeners.end(), predicate);
    };
    const bool verifies_clients = any_listener([](const listener& l) { return l.tls && l.tls->client_ca; });
    const bool has_unix = any_listener([](const listener& l) { return l.is_unix; });
    for (std::size_t i = 0; i < all.callers.size(); ++i) {
        const caller& c = all.callers[i];
        if (c.certificate_san && !verifies_clients) {
            reader.add(locate(root, {"callers", i, "certificate_san"}),
                       "no listener asks for client certificates; expected one with tls.client_ca");
        }
        if (c.unix_user && !has_unix) {
            reader.add(locate(root, {"callers", i, "unix_user"}), "expected a listener with a unix: address");
        }
        if (!c.listener) continue;
        const auto named = std::find_if(all.listeners.begin(), all.listeners.end(),
                                        [&](const listener& l) { return l.name == *c.listener; });
        if (named != all.listeners.end() && !named->is_local()) {
            reader.add(locate(root, {"callers", i, "listener"}),
                       "other machines reach this listener; expected one with a loopback or unix address");
        }
    }
}

// The index of the credential that an agency goes through, or nothing.
std::optional<std::size_t> next_of(const settings& all, std::size_t i) {
    const credential& c = all.credentials[i];
    if (c.type != credential::kind::agency || !c.agency) return std::nullopt;
    const auto found = std::find_if(all.credentials.begin(), all.credentials.end(),
                                    [&](const credential& other) { return other.name == c.agency->through; });
    if (found == all.credentials.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.credentials.begin());
}

void check_agencies(const settings& all, const node& root, reader& reader) {
    for (std::size_t i = 0; i < all.credentials.size(); ++i) {
        const credential& c = all.credentials[i];
        if (!c.agency || c.agency->through.empty()) continue;
        const auto through = [&] { return locate(root, {"credentials", i, "agency", "through"}); };
        if (!reader.is_defined(name_kind::credential, c.agency->through)) {
            reader.add(through(), reader.unknown(name_kind::credential, c.agency->through));
            continue;
        }
        // A cycle is reported once, at its first member; a credential that leads into one is no member.
        std::string cycle = c.name;
        auto next = next_of(all, i);
        for (std::size_t steps = 0; next && *next > i && steps < all.credentials.size(); ++steps) {
            cycle += ", " + all.credentials[*next].name;
            next = next_of(all, *next);
        }
        if (next == i)
            reader.add(through(),
                       "this goes in a circle: " + cycle + "; expected a credential of another kind at its end");
    }
}

void check_endpoints(const settings& all, const node& root, reader& reader) {
    const auto check_tls = [&](const endpoint& target, std::initializer_list<step> steps) {
        const auto& plain = all.upstream.plain_http_hosts;
        if (target.tls || std::find(plain.begin(), plain.end(), target.host) != plain.end()) return;
        reader.add(locate(root, steps),
                   "plain HTTP to the cloud; expected https://, or this host in upstream.plain_http_hosts");
    };
    for (const auto& [id, endpoints] : all.regions) {
        check_tls(endpoints.ecs, {"regions", std::string_view(id), "ecs"});
        check_tls(endpoints.iam, {"regions", std::string_view(id), "iam"});
        if (endpoints.cts) check_tls(*endpoints.cts, {"regions", std::string_view(id), "cts"});
    }
    for (std::size_t i = 0; i < all.accounts.size(); ++i) {
        const auto& billing = all.accounts[i].billing;
        if (billing && !billing->endpoint.host.empty())
            check_tls(billing->endpoint, {"accounts", i, "billing", "endpoint"});
    }
}

void check_partner(const settings& all, const node& root, reader& reader) {
    const auto partners = std::count_if(all.accounts.begin(), all.accounts.end(),
                                        [](const account& a) { return a.type == account::kind::partner; });
    if (partners == 1) return;
    for (std::size_t i = 0; i < all.policy.size(); ++i) {
        if (!all.policy[i].sign_as_partner) continue;
        reader.add(
            locate(root, {"policy", i, "sign_as"}),
            "there are " + std::to_string(partners) + " accounts of kind partner; expected exactly one to sign as");
    }
}

bool changes_something(operations::operation_id id) { return operations::row_of(id).changes_something; }

void check_rules(const settings& all, const node& root, reader& reader) {
    for (std::size_t i = 0; i < all.policy.size(); ++i) {
        const rule& r = all.policy[i];
        if (r.effect == effect::deny && r.resize && r.resize->unknown_members) {
            reader.add(locate(root, {"policy", i, "resize", "unknown_members"}),
                       "a rule that denies lets nothing through; expected a rule that allows");
        }
        const std::pair<std::string_view, bool> of_changes[] = {{"idempotency_key", r.key_required},
                                                                {"may_override_unknown", r.may_override_unknown}};
        for (const auto& [key, is_set] : of_changes) {
            if (!is_set) continue;
            if (r.effect == effect::deny)
                reader.add(locate(root, {"policy", i, key}),
                           "a rule that denies lets nothing through; expected a rule that allows");
            else if (r.operations && std::none_of(r.operations->begin(), r.operations->end(), changes_something))
                reader.add(locate(root, {"policy", i, key}),
                           "none of the rule's operations changes something; expected one that does, such as resize");
        }
        if (r.shows_all_changes && r.effect == effect::deny)
            reader.add(locate(root, {"policy", i, "changes"}),
                       "a rule that denies shows nothing; expected a rule that allows");
    }
}

void check_follow(const settings& all, const node& root, reader& reader) {
    const auto& settle_after = all.follow.settle_after;
    if (!settle_after || *settle_after >= all.timeouts.upstream_response) return;
    reader.add(locate(root, {"follow", "settle_after"}),
               "the answer may still come then; expected at least timeouts.upstream_response, " +
                   write_duration(all.timeouts.upstream_response));
}

// Keys that have no effect any more.
void warn_of_old_keys(const node& root, reader& reader) {
    if (root.find("replay_protection") == nullptr) return;
    reader.warn(reader.locate(root, "replay_protection"),
                "ignored: each change is recorded, and a signature of one is good once; remove this key");
}

void check_sockets(const settings& all, const node& root, reader& reader) {
    for (std::size_t i = 0; i < all.listeners.size(); ++i) {
        const listener& l = all.listeners[i];
        if (all.admin && same_socket(l, all.admin->host, all.admin->port)) {
            reader.add(locate(root, {"admin", "address"}),
                       "listeners[" + std::to_string(i) + "] has this address; expected one of its own");
        }
    }
}

}  // namespace

void cross_check(const settings& all, const node& root, reader& reader) {
    check_sockets(all, root, reader);
    check_callers(all, root, reader);
    check_agencies(all, root, reader);
    check_endpoints(all, root, reader);
    check_partner(all, root, reader);
    check_rules(all, root, reader);
    check_follow(all, root, reader);
    warn_of_old_keys(root, reader);
}

}  // namespace gateway::config
