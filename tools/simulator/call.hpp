#pragma once
// A request as the imitated cloud sees it, who made it, and its answer.

#include <string>
#include <utility>
#include <vector>

namespace simulator {

struct call {
    std::string method, path, query;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string request_id{};  // of the answer, which some error bodies repeat
};

// Whom the gate let pass.
struct caller {
    std::string account;
    std::string project{};       // of a token that is good for one project; empty: every project of the account
    std::string user{};          // who got the token, or the agency; empty: a key of the account
    bool agent_operator = true;  // may act for the accounts whose agencies trust this one
    bool for_projects = true;    // false: a token of a domain or of no scope, which ECS has no use for
};

struct answer {
    unsigned status = 200;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers{};  // besides those that every answer has
};

// Values of a header, in order; `name` in lower case.
[[nodiscard]] std::vector<std::string> header_values(const call& of, const std::string& name);

}  // namespace simulator
