#pragma once
// The conditions that `resize:` of a rule can hold, in one table: deciding, `explain` and the sentence of a 403 read
// it. A condition is a row in src/policy/condition.cpp and its key in the schema of the configuration.

#include <span>
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"

namespace gateway::policy {

struct facts;

// All functions take the rule's `resize:` (empty where it has none) and a call whose `resize` is there.
struct condition {
    std::string_view key;  // in `resize:`
    // Whether a rule that allows lets the resize through.
    bool (*permits)(const config::resize_conditions& rule, const facts& call) noexcept;
    // Why it does not, and what it would let through. Quotes the call, not escaped.
    std::string (*refusal)(const config::resize_conditions& rule, const facts& call);
    // Whether a rule that denies is about the resize; nullptr for a condition that such a rule can't hold.
    bool (*describes)(const config::resize_conditions& rule, const facts& call) noexcept = nullptr;
    // Why it is not about it.
    std::string (*difference)(const config::resize_conditions& rule, const facts& call) = nullptr;
    bool blames_body = false;  // what fails it is wrong with the body (400), not with what the caller may do (403)
};

// In the order in which they are checked.
[[nodiscard]] std::span<const condition> conditions() noexcept;

// The first that a rule that allows does not see satisfied, or nullptr.
[[nodiscard]] const condition* first_unsatisfied(const config::resize_conditions& rule, const facts& call) noexcept;

// The first by which the resize is not one that a rule that denies is about, or nullptr.
[[nodiscard]] const condition* first_difference(const config::resize_conditions& rule, const facts& call) noexcept;

}  // namespace gateway::policy
