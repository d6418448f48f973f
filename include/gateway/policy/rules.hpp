#pragma once
// The policy, compiled: whether a caller may do an operation, and as whom it is signed. Deny by default; the first rule
// that matches decides. Pure: reads no clock and changes nothing (rates and calls in flight: admission.hpp).
//
// A rule matches by callers, accounts, operations and servers. `resize` in an allow rule is what a matching resize must
// satisfy, else that rule denies it; in a deny rule it narrows the rule to the resizes it describes (and to resizes).
// A shadow rule that matches is reported and decides nothing.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/operations/body.hpp"
#include "gateway/operations/operation.hpp"
#include "gateway/policy/condition.hpp"

namespace gateway::policy {

// A project's owner and place. Views and numbers into the configuration's lists.
struct project {
    std::string_view account;
    std::uint32_t account_index = 0;
    std::string_view region;
    std::uint32_t region_index = 0;      // place of the region among rules::regions()
    std::uint32_t credential_index = 0;  // the account's own, by its place in the configuration's list
};

// The call that a policy is asked about.
struct facts {
    std::uint32_t caller = 0;  // by its place in the configuration's list
    const policy::project* project = nullptr;
    operations::operation_id operation{};
    std::string_view server_id;                          // empty where the operation has none
    const operations::resize_request* resize = nullptr;  // a resize without it is denied
    std::string_view api_version;                        // "v1", "v1.1"
};

struct verdict {
    bool allowed = false;
    std::string_view rule;               // the one that decided; empty when none matched
    std::uint32_t rule_index = 0;        // of use when `rule` is not empty
    const condition* failed = nullptr;   // why an allow rule denied
    std::uint32_t credential_index = 0;  // whom to sign as, when allowed
    std::string_view shadow;             // the first shadow rule that matches, empty when there is none
    bool shadow_allows = false;          // what it would have decided
};

// One line of `explain`: a rule and why it did or did not decide.
struct reason {
    std::string rule;
    std::string verdict;  // "decides: allowed", "decides: denied", "no match", "shadow: would deny", "not reached"
    std::string text;     // "caller ci-pipeline is not in [capacity-planner]"
};

class rules {
public:
    // Compiles a policy that config has validated; throws std::invalid_argument for a name that points nowhere.
    explicit rules(const config::settings& settings);
    rules(rules&&) noexcept;
    rules& operator=(rules&&) noexcept;
    ~rules();

    // The project of that id, or nullptr.
    [[nodiscard]] const project* find_project(std::string_view id) const;
    // Names of the regions that projects lie in; project::region_index counts in it.
    [[nodiscard]] const std::vector<std::string>& regions() const;

    // Whom that rule signs as in that project, by its place in the configuration's list; the account's own credential
    // where there is no such rule.
    [[nodiscard]] std::uint32_t credential_of(std::string_view rule, const project& project) const;

    // No allocation; well under a microsecond with 1,000 rules.
    [[nodiscard]] verdict decide(const facts& call) const;

    // Rule by rule, in order, why `decide` says what it says. Like `denial` it quotes the call (cut short, not
    // escaped).
    [[nodiscard]] std::vector<reason> explain(const facts& call) const;

    // The sentence of a 403: names the rule and what failed, and what would be let through.
    [[nodiscard]] std::string denial(const policy::verdict& verdict, const facts& call) const;

private:
    struct compiled;
    std::unique_ptr<const compiled> compiled_;
};

}  // namespace gateway::policy
