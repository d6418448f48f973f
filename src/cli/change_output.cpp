#include "change_output.hpp"

#include <algorithm>
#include <ostream>

#include "command.hpp"
#include "gateway/ledger/change_json.hpp"
#include "time_option.hpp"

namespace gateway::cli {

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& each : words)
        text.append(&each == words.data() ? "" : ",").append(shown(each));
    return text;
}

std::string answer_of(const ledger::change& c) {
    if (!c.answer) return {};
    return std::to_string(c.answer->status) + ' ' + shown(c.answer->body);
}

std::string with_age(ledger::instant time, ledger::instant now) {
    return write_time(time) + ", " + write_age(now - time) + " ago";
}

}  // namespace

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line.append(row[i]).append(widths[i] - row[i].size() + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

void print_fields(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& fields) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, value] : fields) {
        if (!value.empty()) rows.push_back({name, value});
    }
    print_table(out, rows);
}

void print_changes(std::ostream& out, std::span<const ledger::change> changes, ledger::instant now) {
    std::vector<std::vector<std::string>> rows{
        {"id", "state", "begun", "age", "operation", "account", "caller", "servers", "flavor"}};
    for (const ledger::change& c : changes) {
        const ledger::change_request& request = c.request;
        rows.push_back({shown(request.id), std::string(name(c.current)) + (c.holds ? " (holds)" : ""),
                        write_time(request.begun), write_age(now - request.begun), shown(request.operation),
                        shown(request.identity.account), shown(request.identity.caller), joined(request.server_ids),
                        shown(request.flavor)});
    }
    print_table(out, rows);
}

void print_change(std::ostream& out, const ledger::change& c, ledger::instant now) {
    const ledger::change_request& request = c.request;
    const std::string auto_pay = request.auto_pay ? *request.auto_pay ? "true" : "false" : "";
    const std::string amount = c.known.amount.empty() ? "" : shown(c.known.amount) + ' ' + shown(c.known.currency);
    print_fields(out, {{"change", shown(request.id)},
                       {"state", std::string(name(c.current))},
                       {"operation", shown(request.operation)},
                       {"caller", shown(request.identity.caller)},
                       {"subject", shown(request.identity.subject)},
                       {"account", shown(request.identity.account)},
                       {"project", shown(request.project_id)},
                       {"region", shown(request.region)},
                       {"servers", joined(request.server_ids)},
                       {"flavor", shown(request.flavor)},
                       {"auto_pay", auto_pay},
                       {"rule", shown(request.rule)},
                       {"key", shown(request.identity.key)},
                       {"begun", with_age(request.begun, now)},
                       {"updated", with_age(c.updated, now)},
                       {"ended", c.ended ? with_age(*c.ended, now) : ""},
                       {"holds", c.holds ? "its server" : ""},
                       {"job", shown(c.known.job_id)},
                       {"job status", shown(c.job_status)},
                       {"order", shown(c.known.order_id)},
                       {"amount", amount},
                       {"code", shown(c.known.code)},
                       {"message", shown(c.known.message)},
                       {"evidence", shown(c.evidence)},
                       {"resolved by", shown(c.resolved_by)},
                       {"reason", shown(c.reason)},
                       {"answer", answer_of(c)}});
    std::vector<std::vector<std::string>> history;
    for (const ledger::history_entry& each : c.history)
        history.push_back({write_time(each.time), shown(each.state), shown(each.detail)});
    out << '\n';
    print_table(out, history);
}

void print_change_json(std::ostream& out, const ledger::change& c) {
    std::string text = R"({"change":)";
    append_json(text, c);
    out << text << "}\n";
}

void print_freezes(std::ostream& out, std::span<const ledger::freeze> freezes) {
    std::vector<std::vector<std::string>> rows{{"id", "since", "until", "scope", "by", "reason"}};
    for (const ledger::freeze& each : freezes)
        rows.push_back({shown(each.id), write_time(each.since), each.until ? write_time(*each.until) : "unfrozen",
                        describe_scope(each.scope), shown(each.author), shown(each.reason)});
    print_table(out, rows);
}

std::string describe_scope(const ledger::freeze_scope& scope) {
    std::string text;
    const auto add = [&](std::string_view what, const std::string& value) {
        if (value.empty()) return;
        text.append(text.empty() ? "" : ", ").append(what).append(" ").append(value);
    };
    add("account", shown(scope.account));
    add("caller", shown(scope.caller));
    add("server", shown(scope.server_id));
    if (text.empty()) text = "everywhere";
    add("operations", joined(scope.operations));
    return text;
}

std::string count_of(std::size_t count, std::string_view noun) {
    return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace gateway::cli
