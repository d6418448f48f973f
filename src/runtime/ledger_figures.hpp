#pragma once
// What the ledger says for readiness, for the figures of a scrape and for the status page. Pure.

#include "gateway/admin/overview.hpp"
#include "ledger_watch.hpp"

namespace gateway::runtime {

// Of a ledger that was never opened.
[[nodiscard]] std::vector<admin::reason> ledger_reasons(const ledger::database_status& status);
// Of one that was, and takes nothing just now: queries are served, and to take every replica out would help nobody.
[[nodiscard]] std::vector<admin::reason> ledger_degraded(const ledger::database_status& status);

[[nodiscard]] admin::ledger_figures ledger_figures_of(const ledger::database_status& status,
                                                      const ledger::database_figures& counted,
                                                      const ledger_contents& contents, ledger::instant now);

void show_ledger(admin::overview& shown, const ledger_contents& contents);

}  // namespace gateway::runtime
