#pragma once
// What the imitated cloud is made of, read from a YAML file. README.md describes the format.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobs.hpp"

namespace simulator {

struct access_key {
    std::string secret_key;
    std::optional<std::string> security_token;  // of a temporary pair
    std::string account;
    bool enabled = true;
    bool agent_operator = true;  // may act for the accounts whose agencies trust this one
};

// A token that IAM issued, good for an account or for one of its projects.
struct token {
    std::string account;
    std::string project;  // empty: every project of the account
};

// Somebody who gets tokens by a password.
struct user {
    std::string password;
    bool enabled = true;
    bool agent_operator = true;
};

struct account {
    std::string domain_id;  // made up of the name where the seed has none
    std::map<std::string, user> users;
    std::map<std::string, std::string> agencies;  // by name: the account that each trusts
    std::set<std::string> customers;              // accounts whose orders this one sees, as a partner
    bool partner_forbidden = false;               // resizes are closed to partners: 403 Ecs.0068
    bool balance_ok = true;                       // else 403 Ecs.0067
};

struct project {
    std::string account;
    std::string region;  // empty: not said
    std::string name{};  // as a token's scope may have it; the region where the seed has none
};

struct flavor {
    std::string vcpus = "2";
    unsigned ram = 4096;  // MiB
    bool sold_out = false;
};

// What goes wrong with calls that name a server, for tests.
struct fault {
    std::chrono::milliseconds delay{0};      // before the answer
    bool close_before_answer = false;        // after the request was read (and acted on)
    std::optional<std::size_t> close_after;  // bytes of the answer
    bool garbage = false;                    // an answer that is not HTTP
    std::optional<unsigned> status;          // instead of acting: this status
    std::string body;                        // and this body
    std::size_t extra_header_bytes = 0;
    std::size_t big_body_bytes = 0;  // the answer's body is blown up to that size
    bool connection_close = false;
    bool no_answer = false;  // the connection stays open, and nothing comes
};

struct server {
    std::string project, name, flavor;
    std::string status = "SHUTOFF";   // or ACTIVE
    std::string charging_mode = "0";  // 0 pay-per-use, 1 prepaid, 2 spot
    bool locked = false;
    std::optional<std::string> fails_with;  // the error code with which its resize jobs fail
    fault wrong;
};

// What an order of a prepaid server is like.
struct order_terms {
    double amount = 126.5;
    std::string currency = "CNY";
    std::chrono::milliseconds pay_within{std::chrono::hours(24)};  // then an unpaid order is cancelled
};

struct billing_settings {
    order_terms terms;
    std::chrono::milliseconds lag{0};  // until the list has a new order
    bool amounts_as_text = false;
    bool no_resources = false;  // the resources of an order are not to be had
    bool endless = false;       // the list never ends
    std::string form;           // of forms.hpp: how answers are malformed
};

struct trace_settings {
    bool when_ended = true;                  // else a trace is written when the call is answered
    std::chrono::milliseconds lag{0};        // a trace is in the list after 0 to so long
    std::uint64_t seed = 0;                  // of the lags
    std::vector<std::string> blind, denied;  // projects, * for all: no traces; no right to see them
    bool endless = false;                    // the list never ends
    std::string form;                        // of forms.hpp: how answers are malformed
};

struct iam_settings {
    std::chrono::milliseconds token_life{std::chrono::hours(24)};
    std::optional<std::chrono::milliseconds> pair_life;  // absent: what was asked for
    std::chrono::milliseconds delay{0};                  // before each answer
    unsigned wrong_passwords_lock = 5;                   // so many in a row lock the user
};

// The metadata service of one server, which has an agency of its account.
struct metadata_settings {
    std::string account;
    std::chrono::milliseconds pair_life{std::chrono::hours(6)};
    bool token_mode = true;
    bool agency = true;
};

struct seed {
    std::map<std::string, account> accounts;
    std::map<std::string, access_key> keys;  // by access key
    std::map<std::string, token> tokens;     // by the token itself
    std::map<std::string, project> projects;
    std::map<std::string, flavor> flavors;
    std::map<std::string, server> servers;
    iam_settings iam;
    std::optional<metadata_settings> metadata;
    course goes;  // how resizes go
    billing_settings billing;
    trace_settings traces;
    bool order_without_job = false;      // the older answer to a prepaid resize
    bool echo_canonical_request = true;  // in the refusal of a wrong signature
};

// Throws std::runtime_error that says what is wrong and where.
[[nodiscard]] seed read_seed(const std::string& file);
[[nodiscard]] seed parse_seed(const std::string& yaml);

// 32 hexadecimal digits, as ids of the cloud have, the same for the same thing at every start.
[[nodiscard]] std::string stable_id(const std::string& of);

}  // namespace simulator
