#pragma once
// What is known of a call that changes something, besides what is known of every call.

#include <optional>
#include <string>

#include "change_fields.hpp"
#include "gateway/upstream/client.hpp"
#include "open_change.hpp"

namespace gateway::pipeline {

struct change_state {
    ledger::identity identity;
    std::string after;  // X-Gateway-After, where the rule permits it
    std::optional<open_change> record;
    ledger::state current = ledger::state::sending;
    std::string id;                // of the change that the outcome line names: this call's, or that of the first
    std::string awaiting_payment;  // the id of an earlier change of its server whose order waits
    std::string fields;            // of the answer, ready to send
};

}  // namespace gateway::pipeline
