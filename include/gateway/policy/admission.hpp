#pragma once
// `rate` and `max_in_flight` of rules: how many calls of a caller a rule lets through. Shared by all workers: a
// caller's allowance does not depend on the worker that serves its connection. Only calls whose rule has one of the two
// pay for it: two atomic operations, no lock. Bounded: one cell for each limited rule and each caller it can match.

#include <chrono>
#include <cstdint>
#include <memory>

#include "gateway/config/settings.hpp"

namespace gateway::policy {

class admission {
public:
    struct cell;

    // Counts one call in flight until it is released or destroyed. Must not outlive the admission it came from.
    class ticket {
    public:
        ticket() = default;
        explicit ticket(cell* counted) : cell_(counted) {}
        ticket(ticket&& other) noexcept : cell_(other.cell_) { other.cell_ = nullptr; }
        ticket& operator=(ticket&& other) noexcept;
        ~ticket() { release(); }
        void release() noexcept;

    private:
        cell* cell_ = nullptr;
    };

    struct result {
        bool admitted = true;
        bool over_rate = false;               // else: too many in flight
        std::chrono::seconds retry_after{0};  // at least 1 when not admitted
        ticket hold;
    };

    // Cells of the same rule and caller names are taken over from `before` (may be nullptr), so a reload does not reset
    // them.
    admission(const config::settings& settings, const admission* before);
    admission(admission&&) noexcept;
    admission& operator=(admission&&) noexcept;
    ~admission();

    // Counts a call of `caller` under the rule of that index in the configuration. A rate is a bucket of `calls` tokens
    // that fills evenly over `per` (GCRA). A call that is not admitted costs nothing.
    [[nodiscard]] result admit(std::uint32_t rule, std::uint32_t caller,
                               std::chrono::steady_clock::time_point now) const;
    // Of a change, whose rate the ledger counts: max_in_flight alone.
    [[nodiscard]] result admit_change(std::uint32_t rule, std::uint32_t caller) const;

private:
    struct limits_of_caller;
    [[nodiscard]] limits_of_caller find(std::uint32_t rule, std::uint32_t caller) const;
    [[nodiscard]] static result begin_call(const limits_of_caller& found);
    struct table;
    std::unique_ptr<table> table_;
};

}  // namespace gateway::policy
