#include "ledger_figures.hpp"

#include "gateway/ledger/change_json.hpp"

namespace gateway::runtime {

namespace {

std::string cause_of(const ledger::database_status& status) {
    return status.cause ? status.cause->reason : "the ledger is being opened";
}

template <class Each>
std::string json_members(const std::vector<Each>& all) {
    std::string text;
    for (const Each& one : all) {
        if (!text.empty()) text += ',';
        append_json(text, one);
    }
    return text;
}

}  // namespace

std::vector<admin::reason> ledger_reasons(const ledger::database_status& status) {
    if (status.was_opened) return {};
    return {{"ledger", "", cause_of(status)}};
}

std::vector<admin::reason> ledger_degraded(const ledger::database_status& status) {
    if (!status.was_opened || status.is_up) return {};
    return {{"ledger", "", cause_of(status)}};
}

admin::ledger_figures ledger_figures_of(const ledger::database_status& status, const ledger::database_figures& counted,
                                        const ledger_contents& contents, ledger::instant now) {
    admin::ledger_figures all;
    all.is_up = status.is_up;
    for (const ledger::open_count& each : contents.counts)
        all.open[std::string(name(each.current))] = {each.count, now - each.oldest};
    for (const auto& [end, count] : counted.ends)
        all.ends[{end.operation, end.account, std::string(name(end.reached))}] = count;
    all.contradicted = counted.contradicted;
    all.freezes = contents.freezes.size();
    all.commits = counted.commits;
    all.rows = counted.rows;
    all.bounds.assign(counted.bounds.begin(), counted.bounds.end());
    all.commit_times.assign(counted.commit_times.begin(), counted.commit_times.end());
    all.commits_took = std::chrono::duration<double>(counted.commit_seconds);
    return all;
}

void show_ledger(admin::overview& shown, const ledger_contents& contents) {
    shown.ledger.open = json_members(contents.open);
    shown.ledger.ended = json_members(contents.ended);
    shown.ledger.freezes = json_members(contents.freezes);
}

}  // namespace gateway::runtime
