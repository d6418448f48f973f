#include "gateway/follow/settled_line.hpp"

#include <chrono>
#include <string_view>

#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"

namespace gateway::follow {

std::string write_settled_line(const ledger::change& change) {
    const ledger::change_request& request = change.request;
    const ledger::instant ended = change.ended.value_or(change.updated);
    std::string line = R"({"event":"settled","time":")";
    append_rfc3339(line, ended);
    line += '"';
    const auto text = [&](std::string_view key, std::string_view value) {
        if (value.empty()) return;
        line.append(",\"").append(key).append("\":");
        append_json_string(line, value);
    };
    text("change_id", request.id);
    text("caller", request.identity.caller);
    text("account", request.identity.account);
    text("region", request.region);
    text("project_id", request.project_id);
    line += R"(,"server_ids":[)";
    for (const std::string& server : request.server_ids) {
        if (&server != request.server_ids.data()) line += ',';
        append_json_string(line, server);
    }
    line += ']';
    text("operation", request.operation);
    text("flavor", request.flavor);
    text("state", name(change.current));
    text("code", change.known.code);
    text("message", change.known.message);
    text("job_id", change.known.job_id);
    text("order_id", change.known.order_id);
    text("amount", change.known.amount);
    text("currency", change.known.currency);
    text("evidence", change.evidence);
    text("resolved_by", change.resolved_by);
    line.append(",\"duration_s\":")
        .append(std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ended - request.begun).count()))
        .append("}\n");
    return line;
}

}  // namespace gateway::follow
