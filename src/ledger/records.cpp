#include "gateway/ledger/records.hpp"

#include <algorithm>
#include <stdexcept>

#include "gateway/ledger/writes.hpp"

namespace gateway::ledger {

bool stops(const freeze& f, const change_request& request, instant now) noexcept {
    if (f.until && *f.until <= now) return false;
    const auto among = [](const std::vector<std::string>& all, const std::string& one) {
        return std::ranges::find(all, one) != all.end();
    };
    const freeze_scope& scope = f.scope;
    return (scope.account.empty() || scope.account == request.identity.account) &&
           (scope.caller.empty() || scope.caller == request.identity.caller) &&
           (scope.server_id.empty() || among(request.server_ids, scope.server_id)) &&
           (scope.operations.empty() || among(scope.operations, request.operation));
}

bool can_see(const viewer& identity, const change& c) noexcept {
    const change_request& request = c.request;
    const bool is_own = request.identity.caller == identity.caller && request.identity.subject == identity.subject;
    return request.project_id == identity.project_id && (identity.caller.empty() || is_own);
}

bool can_wait(trouble t) noexcept { return t < trouble::no_directory; }

void throw_exception_from_error(const unavailable& e, const boost::source_location&) {
    throw std::runtime_error(e.reason);
}

}  // namespace gateway::ledger
