#pragma once
// Billing: the orders of an account and its customers, payment and cancellation. Source: billing API reference,
// "Querying Orders", "Querying Order Details", "Querying Customer's Yearly/Monthly Resources", "Paying Yearly/Monthly
// Product Orders", "Canceling Orders in Pending Payment", "Error Codes".

#include <mutex>
#include <string>

#include "call.hpp"
#include "cloud.hpp"
#include "route.hpp"
#include "seed.hpp"

namespace simulator {

// Thread-safe.
class billing {
public:
    billing(const seed& from, cloud& orders);

    // The answer to a call that the gate let pass.
    [[nodiscard]] answer handle(const call& what, const route& asked, const caller& who, time_point now);

    [[nodiscard]] const billing_settings& usual() const { return seed_.billing; }
    [[nodiscard]] billing_settings settings() const;
    void set(const billing_settings& to);

private:
    [[nodiscard]] answer list(const call& what, const caller& who, time_point now) const;
    [[nodiscard]] answer show(const std::string& id, const caller& who, time_point now) const;
    [[nodiscard]] answer list_resources(const call& what, const caller& who, time_point now) const;
    [[nodiscard]] answer settle(const call& what, const caller& who, cloud::settlement how, time_point now);
    // Whose orders a caller sees: its account's and those of its account's customers.
    [[nodiscard]] bool sees(const caller& who, const std::string& account) const;

    const seed seed_;
    cloud& orders_;
    mutable std::mutex lock_;
    billing_settings settings_;
};

}  // namespace simulator
