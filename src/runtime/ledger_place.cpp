#include "gateway/runtime/ledger_place.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "gateway/credentials/read.hpp"

namespace gateway::runtime {

ledger::postgresql_options postgresql_of(const config::settings& settings, ledger::postgresql_options::access mode) {
    constexpr auto slack = std::chrono::seconds(5);  // of a heartbeat
    const config::timeouts& limits = settings.timeouts;
    ledger::postgresql_options options;
    options.mode = mode;
    options.timeout = limits.ledger;
    options.silence = limits.upstream_connect + limits.upstream_response + 2 * limits.ledger + slack;
    options.connection = [from = settings.ledger.postgresql.value().connection] {
        std::vector<config::problem> problems;
        auto text = credentials::read(from, problems, credentials::secret_kind::password);
        if (!text) throw std::runtime_error(problems.empty() ? "nothing to read" : problems.front().message);
        return std::move(*text);
    };
    return options;
}

}  // namespace gateway::runtime
