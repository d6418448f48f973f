#pragma once
// The ledger of the process: opened before anything is served, kept through reloads, closed after the last call.

#include <memory>
#include <string>

#include "gateway/config/settings.hpp"
#include "gateway/ledger/gateway_ledger.hpp"

namespace gateway::runtime {

// Waits until it is open, or for timeouts.ledger: what may mend itself (another gateway holds the file) is waited for
// by the ledger's own thread, and queries are served meanwhile. Throws std::runtime_error for trouble that waiting
// can't mend.
[[nodiscard]] std::unique_ptr<ledger::gateway_ledger> open_ledger(const config::settings& settings);

// Logs what an operator has to know of a reload's settings: a ledger that changes at the next start only, and changes
// that have not ended of accounts that are no longer there. The ledger answers when it can; nobody waits for it.
void warn_of_reload(ledger::gateway_ledger& ledger, const config::settings& before, const config::settings& now);

// Ends its threads; what waits is written. False when its disk hangs, so that it can't be closed: then nothing of it
// may be destroyed, and the process has to end by _Exit.
[[nodiscard]] bool close_ledger(std::unique_ptr<ledger::gateway_ledger> ledger);

}  // namespace gateway::runtime
