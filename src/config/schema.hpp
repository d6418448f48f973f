#pragma once
// Every key of gateway.yaml: one keys_of() for each struct, which shows a visitor each key with its target (which holds
// the default), type, whether it is required, and a line of explanation. reader.hpp fills structs with it; what
// describes the format walks the same lists. check() beside them holds the rules between keys of one struct; rules
// between structs are in cross_checks.cpp.
//
// Keys are read in the order of these lists, whatever the file's own: definitions come before uses.

#include <array>
#include <string>
#include <vector>

#include "gateway/base/hex.hpp"
#include "gateway/config/settings.hpp"
#include "reader.hpp"
#include "value_types.hpp"

namespace gateway::config {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

// A list of names that are defined elsewhere; an empty one would match nothing, and is always a mistake.
inline list_of<known_name> known_names(name_kind kind, std::string_view description) {
    return {{kind}, description, 1};
}

// ---- listeners, admin -----------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(tls_server& t, Visitor& key) {
    key("certificate", t.certificate, file_path{}, required, "PEM file: the certificate, then its chain");
    key("private_key", t.private_key, file_path{}, required, "PEM file");
    key("client_ca", t.client_ca, file_path{}, optional, "PEM file: ask for client certificates and verify them");
    key("client_certificate", t.client_certificate_required, one_of<bool>({{"optional", false}, {"required", true}}),
        optional, "whether a caller must show one; needs client_ca");
}
void check(const tls_server& t, const node& input, reader& reader);

template <class Visitor>
void keys_of(listener& l, Visitor& key) {
    key("address", l, listener_address{}, required, "where it listens; callers' `listener` names it by this");
    key("hosts", l.hosts, list_of<host_name>{{}, "host names"}, optional,
        "plain HTTP, for a `listener` caller: names besides addresses and localhost that Host may be");
    key("tls", l.tls, section<tls_server>{}, optional, "speak TLS");
    key("mode", l.mode, octal_mode{}, optional, "permission bits of a unix socket");
    key("plain_http", l.plain_http, boolean{}, optional, "accept plain HTTP from other machines");
}
void check(const listener& l, const node& input, reader& reader);

template <class Visitor>
void keys_of(admin& a, Visitor& key) {
    key("address", a, admin_address{}, required, "where health, readiness and metrics are served");
}

// ---- limits, times --------------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(limits& l, Visitor& key) {
    constexpr std::size_t mib = 1024 * 1024;
    key("header_bytes", l.header_bytes, size{256, mib}, optional, "request line and header together");
    // 12 MiB: the cloud signs no larger body with AK/SK.
    key("body_bytes", l.body_bytes, size{1, 12 * mib}, optional, "body of a call");
    key("buffered_bytes", l.buffered_bytes, size{64 * 1024, 64 * 1024 * mib}, optional,
        "bodies that wait, of all connections together");
    key("connection_age", l.connection_age, duration{}, optional,
        "of a caller's connection; then it is closed after its call");
    key("connections", l.connections, count{1, 1'000'000}, optional, "callers' connections, all listeners together");
    key("requests_per_connection", l.requests_per_connection, count{}, optional, "calls before a connection is closed");
}

void check(const limits& l, const node& input, reader& reader);

template <class Visitor>
void keys_of(timeouts& t, Visitor& key) {
    key("request_header", t.request_header, duration{}, optional, "first byte (or accept) to the end of the header");
    key("request_body", t.request_body, duration{}, optional, "end of the header to the end of the body");
    key("idle", t.idle, duration{}, optional, "between two calls on one connection");
    key("upstream_connect", t.upstream_connect, duration{}, optional, "name look-up, TCP and TLS together");
    key("upstream_response", t.upstream_response, duration{}, optional, "last byte sent to last byte of the answer");
    key("credential", t.credential, duration{}, optional, "how long a call waits for a credential to be fetched");
    // At least a second of waiting for a lock would be too long for a change; at most what a caller's patience allows.
    key("ledger", t.ledger, duration{milliseconds(100), minutes(1)}, optional,
        "how long a change waits to be recorded; then 503");
    key("drain", t.drain, duration{}, optional, "how long open calls get after SIGTERM");
}

// ---- callers --------------------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(caller& c, Visitor& key) {
    key("name", c.name, new_name<text>{name_kind::caller, {"a name"}}, required,
        "what rules and outcome lines call it");
    key("access_key", c.access_key, access_key_id{}, optional, "of a pair that the gateway issued");
    key("secret_key", c.secret_key, secret_source{}, optional, "of that pair");
    key("api_key_sha256", c.api_key_sha256, sha256_hex{}, optional, "SHA-256 of an API key (ecs-gateway hash-key)");
    key("certificate_san", c.certificate_san, san{}, optional, "a name in a client certificate");
    key("unix_user", c.unix_user, text{"the name of a unix user"}, optional,
        "who is at the other end of a unix socket");
    key("listener", c.listener, known_name{name_kind::listener}, optional, "anyone who reaches this local listener");
    key("any_signature", c.any_signature, boolean{}, optional,
        "with listener: an SDK's signature there is not looked at");
}
void check(const caller& c, const node& input, reader& reader);

// ---- credentials ----------------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(agency_credential& a, Visitor& key) {
    // Any credential of the list, one further down too: cross_checks.cpp looks it up.
    key("through", a.through, text{"the name of a credential"}, required, "the credential that may assume the agency");
    key("domain_name", a.domain_name, text{"a domain name"}, optional, "of the customer who trusts; or domain_id");
    key("domain_id", a.domain_id, text{"a domain id"}, optional, "of the customer who trusts; or domain_name");
    key("agency_name", a.agency_name, text{"the name of an agency"}, required, "the agency in that domain");
    // 15m to 24h: IAM API reference, "Obtaining a Temporary Access Key and Security Token Through an Agency".
    key("duration", a.duration, duration{minutes(15), hours(24)}, optional, "how long what is fetched lasts");
}
void check(const agency_credential& a, const node& input, reader& reader);

template <class Visitor>
void keys_of(token_credential& t, Visitor& key) {
    key("domain_name", t.domain_name, text{"a domain name"}, optional, "of the user; or domain_id");
    key("domain_id", t.domain_id, text{"a domain id"}, optional, "of the user; or domain_name");
    key("user_name", t.user_name, text{"a user name"}, required, "IAM user");
    key("password", t.password, secret_source{}, required, "of that user");
}
void check(const token_credential& t, const node& input, reader& reader);

struct no_keys {};

template <class Visitor>
void keys_of(no_keys&, Visitor&) {}

template <class Visitor>
void keys_of(credential& c, Visitor& key) {
    no_keys none;
    pair_credential& pair = c.pair ? *c.pair : c.pair.emplace();  // check() takes it away where there is no pair
    key("name", c.name, new_name<text>{name_kind::credential, {"a name"}}, required, "what accounts call it");
    key("access_key", pair.access_key, secret_source{.plain_too = true}, optional, "of a pair");
    key("secret_key", pair.secret_key, secret_source{}, optional, "of a pair");
    key("security_token", pair.security_token, secret_source{}, optional, "of a temporary pair");
    key("algorithm", pair.sign_with,
        one_of<signing::algorithm>(
            {{name_of(signing::algorithm::sdk_hmac_sha256), signing::algorithm::sdk_hmac_sha256},
             {name_of(signing::algorithm::v11_hmac_sha256), signing::algorithm::v11_hmac_sha256}}),
        optional, "how a pair signs");
    key("agency", c.agency, section<agency_credential>{}, optional, "temporary credentials by way of an agency");
    key("token", c.token, section<token_credential>{}, optional, "a user's token instead of a signature");
    key("metadata", none, section<no_keys>{}, optional, "the agency of the cloud server the gateway runs on");
    key("sdk_default", none, section<no_keys>{}, optional, "where the official SDK looks");
    key("preload", c.preload, boolean{}, optional, "fetch at start instead of at first use");
}
void check(credential& c, const node& input, reader& reader);

// ---- regions, upstream ----------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(region& r, Visitor& key) {
    key("ecs", r.ecs, endpoint_url{}, optional, "endpoint of ECS; must stand for a region that the table lacks");
    key("iam", r.iam, endpoint_url{}, optional, "endpoint of IAM");
    key("cts", r.cts, endpoint_url{}, optional, "endpoint of the Cloud Trace Service: evidence for unknown changes");
}
void check(const region& r, const node& input, reader& reader);

template <class Visitor>
void keys_of(upstream& u, Visitor& key) {
    key("ca_file", u.ca_file, file_path{}, optional, "PEM file to verify the cloud with instead of the system's store");
    key("connections_per_worker", u.connections_per_worker, count{1, 100'000}, optional,
        "connections kept open for each endpoint");
    key("plain_http_hosts", u.plain_http_hosts, list_of<host_name>{{}, "host names"}, optional,
        "hosts whose endpoint may be http://, for tests");
}

// ---- accounts -------------------------------------------------------------------------------------------------------

region& slot_for(std::map<std::string, region, std::less<>>& regions, const std::string& id);
std::string& slot_for(std::vector<project>& projects, const std::string& id);

template <class Visitor>
void keys_of(billing& b, Visitor& key) {
    key("endpoint", b.endpoint, endpoint_url{}, required, "where orders are read with the account's credential");
}

template <class Visitor>
void keys_of(account& a, Visitor& key) {
    key("name", a.name, new_name<text>{name_kind::account, {"a name"}}, required,
        "what rules and outcome lines call it");
    key("kind", a.type,
        one_of<account::kind>({{"partner", account::kind::partner}, {"sub-customer", account::kind::sub_customer}}),
        required, "whose account it is");
    key("credential", a.credential, known_name{name_kind::credential}, required, "what its calls are signed with");
    key("billing", a.billing, section<billing>{}, optional, "left out = its orders are not read");
    key("projects", a.projects,
        map_of<project_id, known_name>{
            {}, {name_kind::region}, "project ids, each with its region", name_kind::project},
        optional, "its projects, each with its region");
}

// ---- policy ---------------------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(resize_conditions& r, Visitor& key) {
    key("flavors", r.flavors, list_of<pattern>{{"a flavor"}, "flavors", 1}, optional, "target flavors");
    key("auto_pay", r.auto_pay, boolean{}, optional, "may the call pay the order by itself");
    key("while_running", r.while_running, boolean{}, optional, "may it carry mode=withStopServer");
    key("dedicated_hosts", r.dedicated_hosts, list_of<pattern>{{"the id of a dedicated host"}, "dedicated hosts"},
        optional, "ids that may be named; none of them when empty");
    key("dry_run", r.dry,
        one_of<dry_run>(
            {{"required", dry_run::required}, {"allowed", dry_run::allowed}, {"forbidden", dry_run::forbidden}}),
        optional, "whether it must be, may be or must not be a dry run; required is met over /v1.1/ only");
    key("unknown_members", r.unknown_members, one_of<bool>({{"deny", false}, {"allow", true}}), optional,
        "members of the body that the gateway does not know, and so does not check; of a rule that allows");
}

template <class Visitor>
void keys_of(rate& r, Visitor& key) {
    key("calls", r.calls, count{1, 1'000'000}, required, "how many calls");
    key("per", r.per, duration{}, required, "in which time");
}

template <class Visitor>
void keys_of(rule& r, Visitor& key) {
    key("rule", r.name, new_name<text>{name_kind::rule, {"a name"}}, required, "its name");
    key("effect", r.effect, one_of<effect>({{"allow", effect::allow}, {"deny", effect::deny}}), optional,
        "what it decides when it matches");
    key("mode", r.shadow, one_of<bool>({{"enforce", false}, {"shadow", true}}), optional,
        "a shadow rule decides nothing; the outcome line tells what it would have decided");
    key("callers", r.callers, known_names(name_kind::caller, "callers"), optional,
        "whose calls; left out = any caller's");
    key("accounts", r.accounts, known_names(name_kind::account, "accounts"), optional,
        "in whose projects; left out = any");
    key("operations", r.operations, list_of<operation_name>{{}, "operations", 1}, optional, "left out = all");
    key("servers", r.servers, list_of<server_pattern>{{}, "server ids", 1}, optional, "left out = any");
    key("sign_as", r.sign_as_partner, one_of<bool>({{"account", false}, {"partner", true}}), optional,
        "with the account's own credential or the partner's");
    key("idempotency_key", r.key_required, one_of<bool>({{"optional", false}, {"required", true}}), optional,
        "whether a change must have one");
    key("may_override_unknown", r.may_override_unknown, boolean{}, optional,
        "may callers take over a server that an unknown change holds (X-Gateway-After)");
    key("changes", r.shows_all_changes, one_of<bool>({{"own", false}, {"all", true}}), optional,
        "whose changes show_change and list_changes show");
    key("resize", r.resize, section<resize_conditions>{}, optional, "what a resize must satisfy");
    key("rate", r.rate, section<rate>{}, optional,
        "for each caller that this rule serves; changes are counted in the ledger");
    key("max_in_flight", r.max_in_flight, count{1, 1'000'000}, optional, "calls at the same time, likewise");
}

// ---- the whole ------------------------------------------------------------------------------------------------------

template <class Visitor>
void keys_of(postgresql& p, Visitor& key) {
    key("connection", p.connection, secret_source{}, required, "libpq's connection string or URI");
}

template <class Visitor>
void keys_of(ledger& l, Visitor& key) {
    key("file", l.file, file_path{}, optional, "SQLite, for one gateway; relative to this file");
    key("postgresql", l.postgresql, section<postgresql>{}, optional, "a database that replicas share");
    key("memory", l.memory, boolean{}, optional, "nothing outlives the process; for stateless sidecars and trials");
    key("keep", l.keep, duration{hours(24), days(3650)}, optional, "ended changes are deleted after it");
}
void check(ledger& l, const node& input, reader& reader);

template <class Visitor>
void keys_of(follow& f, Visitor& key) {
    key("settle_after", f.settle_after, duration{}, optional,
        "evidence for an unknown change is asked for no earlier; timeouts.upstream_response + 2m when left out");
}

template <class Visitor>
void keys_of(log& l, Visitor& key) {
    key("level", l.level,
        one_of<log_level>({{"trace", log_level::trace},
                           {"debug", log_level::debug},
                           {"info", log_level::info},
                           {"warn", log_level::warn},
                           {"error", log_level::error}}),
        optional, "how much of the process's own life is logged");
    key("outcomes", l.outcomes, file_path_or_stdout{}, optional, "where outcome lines go");
}

template <class Visitor>
void keys_of(settings& s, Visitor& key) {
    unsigned version = 1;
    key("version", version, count{1, 1}, required, "of this format");
    key("listeners", s.listeners, list_of<section<listener>>{{}, "listeners", 1}, required, "where callers connect");
    key("admin", s.admin, section<admin>{}, optional, "health, readiness, metrics; none when left out");
    key("workers", s.workers, count_or_auto{1024}, optional, "threads that serve calls; auto = one for each core");
    key("limits", s.limits, section<limits>{}, optional, "what is refused for its size or number");
    key("timeouts", s.timeouts, section<timeouts>{}, optional, "how long each step may take");
    key("callers", s.callers, list_of<section<caller>>{{}, "callers"}, optional, "who may call");
    key("signature_window", s.signature_window, duration{seconds(1)}, optional,
        "how far X-Sdk-Date of a caller's signature may be from now");
    key("replay_protection", s.replay_protection, boolean{}, optional, "ignored: a change has a record instead");
    key("credentials", s.credentials, list_of<section<credential>>{{}, "credentials"}, optional,
        "what the gateway signs with");
    key("regions", s.regions,
        map_of<region_id, section<region>>{{}, {}, "region ids, each with its endpoints", name_kind::region, true},
        optional, "what differs from the built-in table of regions");
    key("upstream", s.upstream, section<upstream>{}, optional, "how the cloud is reached");
    key("accounts", s.accounts, list_of<section<account>>{{}, "accounts"}, optional, "the partner and its customers");
    key("policy", s.policy, list_of<section<rule>>{{}, "rules"}, optional, "the first rule that matches decides");
    key("ledger", s.ledger, section<ledger>{}, optional, "the durable record of changes");
    key("follow", s.follow, section<follow>{}, optional, "what becomes of a change after the cloud's answer");
    key("log", s.log, section<log>{}, optional, "what is written where");
}

}  // namespace gateway::config
