#pragma once
// What the ledger would do with a change that the policy allows: its freezes, the hold on its server, the rule's rate.

#include <optional>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/ledger/records.hpp"
#include "gateway/pipeline/own_answer.hpp"

namespace gateway::cli {

struct ledger_opinion {
    std::optional<pipeline::own_answer> refused;  // as the caller gets it: what is checked first
    std::vector<std::string> notes;               // what else is to be known, a sentence each
};

// Of the ledger that the configuration names, by what stands in it at `request.begun`; counts nothing and changes
// nothing. Where it can't be read, a note says why.
[[nodiscard]] ledger_opinion ask_ledger(const config::settings& settings, const config::rule& rule,
                                        const ledger::change_request& request);

}  // namespace gateway::cli
