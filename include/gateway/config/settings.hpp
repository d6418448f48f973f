#pragma once
// The whole configuration after reading, as plain values: the content of gateway.yaml, checked, with defaults filled in
// and names still names. Immutable once loaded. Nothing here knows YAML, and no secret is read yet: a `source` says
// where one is, `credentials` fetches it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/secret_text.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/operations/operation.hpp"
#include "gateway/signing/algorithm.hpp"

namespace gateway::config {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Where in the file a value is: for problems that are found later (a secret that can't be read), too.
struct location {
    std::size_t line = 0;    // from 1
    std::size_t column = 0;  // from 1
    std::string path;        // "callers[0].secret_key"
};

// One thing wrong with the file (or, for a warning, unwise).
struct problem {
    config::location location;
    std::string message;  // what is wrong and what was expected instead
    bool warning = false;
};

// Where a text comes from: {env: NAME}, {file: PATH}, {literal: TEXT}, or for access keys plain text in the file.
struct source {
    enum class kind { env, file, literal, plain };
    kind origin = kind::plain;
    std::string name;                         // env: the variable; file: absolute path; plain: the text itself
    std::shared_ptr<const secret_text> text;  // literal only
    config::location location;
};

struct tls_server {
    std::string certificate;  // PEM files, absolute paths
    std::string private_key;
    std::optional<std::string> client_ca;
    bool client_certificate_required = false;
    config::location location;
};

struct listener {
    std::string name;  // the address as the file has it: what callers' `listener:` and the outcome line use
    bool is_unix = false;
    std::string host;        // an IP address; unix: the socket's path
    std::uint16_t port = 0;  // 0 = any free port, for tests; the log line at start tells which
    std::optional<tls_server> tls;
    std::optional<unsigned> mode;  // unix: permission bits
    // Lower case: what Host may be besides an address and localhost where a `listener:` caller is served over plain
    // HTTP.
    std::vector<std::string> hosts;
    bool plain_http = false;
    config::location location;

    // Loopback or unix: what no other machine can reach.
    [[nodiscard]] bool is_local() const;
};

struct admin {
    std::string host;
    std::uint16_t port = 0;
    config::location location;

    bool operator==(const admin& other) const { return host == other.host && port == other.port; }
};

struct limits {
    std::size_t header_bytes = 16 * 1024;
    std::size_t body_bytes = 128 * 1024;  // at most 12 MiB: the cloud signs no larger body
    std::size_t buffered_bytes = 64 * 1024 * 1024;
    milliseconds connection_age = std::chrono::hours(1);
    std::size_t connections = 10000;
    std::size_t requests_per_connection = 100000;
};

struct timeouts {
    milliseconds request_header = seconds(10);
    milliseconds request_body = seconds(30);
    milliseconds idle = seconds(75);
    milliseconds upstream_connect = seconds(5);
    milliseconds upstream_response = seconds(60);
    milliseconds credential = seconds(10);
    milliseconds ledger = seconds(2);
    milliseconds drain = seconds(30);
};

// Who may call. One of the five proofs is set, or two that a call must bring both: a key and what its connection proves
// (a certificate or a unix user).
struct caller {
    std::string name;
    std::optional<std::string> access_key;  // with secret_key: a pair that the gateway issued
    std::optional<source> secret_key;
    std::optional<sha256_digest> api_key_sha256;
    std::optional<std::string> certificate_san;  // "URI:…" or "DNS:…"
    std::optional<std::string> unix_user;
    std::optional<std::string> listener;  // a listener's address, as the listener spells it
    bool any_signature = false;           // with listener: an SDK's signature there is not looked at
    config::location location;
};

struct pair_credential {  // permanent, or temporary with a security_token
    source access_key;
    source secret_key;
    std::optional<source> security_token;
    signing::algorithm sign_with = signing::algorithm::sdk_hmac_sha256;
};

struct agency_credential {
    std::string through;                     // a credential's name
    std::optional<std::string> domain_name;  // one of the two
    std::optional<std::string> domain_id;
    std::string agency_name;
    seconds duration = std::chrono::hours(1);
};

struct token_credential {
    std::optional<std::string> domain_name;  // one of the two
    std::optional<std::string> domain_id;
    std::string user_name;
    source password;
};

struct metadata_credential {};
struct sdk_default_credential {};

struct credential {
    enum class kind { pair, agency, token, metadata, sdk_default };
    std::string name;
    kind type = kind::pair;
    std::optional<pair_credential> pair;  // set where `type` says so
    std::optional<agency_credential> agency;
    std::optional<token_credential> token;
    bool preload = false;
    config::location location;
};

// https://host[:port] of a service. `host` is lower case; an IPv6 address stands without brackets.
struct endpoint {
    bool tls = true;
    std::string host;
    std::uint16_t port = 443;

    // The Host header: the port only where it is not the scheme's own.
    [[nodiscard]] std::string authority() const;
    bool operator==(const endpoint&) const = default;
};

struct region {
    endpoint ecs;
    endpoint iam;
    std::optional<endpoint> cts{};  // absent = traces are not asked for
};

struct upstream {
    std::optional<std::string> ca_file;  // absolute path; default: the system's store
    std::size_t connections_per_worker = 64;
    std::vector<std::string> plain_http_hosts;  // lower case, like endpoint::host
    config::location location;
};

struct project {
    std::string id;
    std::string region;
};

struct billing {
    config::endpoint endpoint;
};

struct account {
    enum class kind { partner, sub_customer };
    std::string name;
    kind type = kind::sub_customer;
    std::string credential;
    std::optional<config::billing> billing{};  // absent = orders are not read
    std::vector<project> projects;
    config::location location;
};

enum class effect { allow, deny };
enum class dry_run { required, allowed, forbidden };

// `resize:` of a rule. What it demands of an allowed resize; in a deny rule, which resizes the rule is about.
struct resize_conditions {
    std::optional<std::vector<std::string>> flavors;          // patterns, * and ?
    std::optional<bool> auto_pay;                             // absent in an allow rule = false
    std::optional<bool> while_running;                        // likewise
    std::optional<std::vector<std::string>> dedicated_hosts;  // absent = any, empty = none may be named
    dry_run dry = dry_run::allowed;
    bool unknown_members = false;  // whether the body may have them; allow rules only
};

struct rate {
    std::uint32_t calls = 0;
    milliseconds per{};
};

struct rule {
    std::string name;
    config::effect effect = config::effect::allow;
    bool shadow = false;
    std::optional<std::vector<std::string>> callers;                  // names; absent = any authenticated caller
    std::optional<std::vector<std::string>> accounts;                 // names; absent = any
    std::optional<std::vector<operations::operation_id>> operations;  // absent = all
    std::optional<std::vector<std::string>> servers;                  // patterns over server ids; absent = any
    bool sign_as_partner = false;
    bool key_required = false;  // changes without an Idempotency-Key are refused
    bool may_override_unknown = false;
    bool shows_all_changes = false;  // else a caller's own
    std::optional<resize_conditions> resize;
    std::optional<config::rate> rate;
    std::optional<std::uint32_t> max_in_flight;
    config::location location;
};

// `file`, unless one of the others is set.
struct postgresql {
    source connection;
};

struct ledger {
    std::string file = "ledger.db";  // an absolute path once it is read, empty where the ledger is not in a file
    std::optional<config::postgresql> postgresql{};
    bool memory = false;
    seconds keep = std::chrono::days(400);
    config::location location;
};

struct follow {
    std::optional<milliseconds> settle_after{};  // always set once it is read
    config::location location;
};

enum class log_level { trace, debug, info, warn, error };

struct log {
    log_level level = log_level::info;
    std::string outcomes = "stdout";  // or an absolute path
    config::location location;
};

struct settings {
    std::string file;                  // as given on the command line; problems name it
    std::string sha256;                // of its bytes, in hexadecimal digits
    std::vector<std::uint32_t> lines;  // where each key stands, 0 for a default: in the order of the schema, which
                                       // describe.cpp walks again
    std::vector<listener> listeners;
    std::optional<config::admin> admin;
    std::size_t workers = 0;  // 0 = auto: one for each core it may use
    config::limits limits;
    config::timeouts timeouts;
    std::vector<caller> callers;
    seconds signature_window = std::chrono::minutes(15);
    bool replay_protection = true;  // read by nobody: a change counts once by its record
    std::vector<credential> credentials;
    std::map<std::string, region, std::less<>> regions;  // the built-in table with the file's changes over it
    config::upstream upstream;
    std::vector<account> accounts;
    std::vector<rule> policy;
    config::ledger ledger;
    config::follow follow;
    config::log log;
};

}  // namespace gateway::config
