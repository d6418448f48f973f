// The operations that the gateway answers by itself, from its ledger.

#include <algorithm>

#include "call.hpp"
#include "change_query.hpp"
#include "gateway/ledger/change_json.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::pipeline {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

// Looks at a change that is waited for: soon, then less often.
constexpr auto first_pause = 50ms, last_pause = 500ms;

bool is_settled(const ledger::change& c) {
    return ledger::has_ended(c.current) || c.current == ledger::state::awaiting_payment;
}

}  // namespace

task<> call::answer_from_ledger() {
    auto look = match_.operation->id == operations::operation_id::show_change ? show_change() : list_changes();
    const own_answer found = co_await std::move(look);
    co_await send_own_answer(found);
}

// Its own changes, or with `changes: all` of the rule everybody's.
ledger::viewer call::viewer() const {
    const bool sees_all = snapshot().settings.policy[rule_index_].shows_all_changes;
    return {.project_id = std::string(match_.project_id),
            .caller = sees_all ? std::string() : std::string(record_.caller),
            .subject = {}};
}

task<own_answer> call::show_change() {
    const wait_query asked = read_wait_query(caller_.head().query);
    if (!asked.problem.empty()) co_return answers::malformed_field(asked.problem);
    const ledger::viewer viewer = call::viewer();
    const auto deadline = steady_clock::now() + asked.wait;
    for (std::chrono::milliseconds pause = first_pause;;
         pause = std::min<std::chrono::milliseconds>(2 * pause, last_pause)) {
        auto find = [id = std::string(match_.change_id)](ledger::store& store) {
            return store.find(id, ledger_time());
        };
        auto reading =
            resources_.ledger.read<std::optional<ledger::change>>(std::move(find), snapshot().settings.timeouts.ledger);
        const auto found = co_await std::move(reading);
        if (!found) co_return answers::ledger_unavailable(found.error());
        if (!*found || !ledger::can_see(viewer, **found)) co_return answers::no_such_change();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (is_settled(**found) || left <= 0ms || caller_.draining()) {
            std::string json = R"({"change":)";
            ledger::append_json(json, **found);
            own_answer shown = answers::change_document(std::move(json) + '}');
            shown.change.id = (*found)->request.id;
            shown.change.state = ledger::name((*found)->current);
            co_return shown;
        }
        co_await net::pause(resources_.loop, std::min(pause, left));
    }
}

task<own_answer> call::list_changes() {
    list_query asked = read_list_query(caller_.head().query);
    if (!asked.problem.empty()) co_return answers::malformed_field(asked.problem);
    const ledger::viewer viewer = call::viewer();
    asked.filter.project_id = viewer.project_id;
    asked.filter.caller = viewer.caller;
    asked.filter.subject = viewer.subject;
    auto list = [filter = std::move(asked.filter)](ledger::store& store) { return store.list(filter, ledger_time()); };
    auto reading = resources_.ledger.read<ledger::change_page>(std::move(list), snapshot().settings.timeouts.ledger);
    const auto page = co_await std::move(reading);
    if (!page) co_return answers::ledger_unavailable(page.error());
    std::string json;
    ledger::append_json(json, *page);
    co_return answers::change_document(std::move(json));
}

}  // namespace gateway::pipeline
