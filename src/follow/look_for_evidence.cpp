// An unknown resize: traces, the server and orders are asked, and the rule of evidence.hpp decides.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

#include "change_follower.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"

namespace gateway::follow {

using namespace std::chrono_literals;
using ledger::state;

namespace {

constexpr auto before_sending = 1min, after_exchange = 2min;  // of the window
constexpr auto traces_kept = std::chrono::days(7);            // by the Cloud Trace Service
constexpr auto person_needed = 30min;                         // unknown for so long
constexpr std::size_t max_pages = 5, trace_page_size = 200, order_page_size = 100, max_orders = 20;
constexpr std::size_t max_known = 200;  // other changes that a trace or an order may be of
constexpr std::size_t max_samples = 3;  // known changes whose traces are looked for

// Why other changes' ids are not known.
constexpr const char* unlisted = "the other changes of the server can't be listed";

std::string milliseconds(ledger::instant time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

// As BSS wants it: 2026-11-26T10:00:00Z, its colons escaped.
std::string utc_parameter(ledger::instant time) {
    std::string text;
    append_rfc3339(text, std::chrono::floor<std::chrono::seconds>(time));
    text = text.substr(0, 19) + "Z";
    for (std::size_t colon = text.find(':'); colon != std::string::npos; colon = text.find(':', colon))
        text.replace(colon, 1, "%3A");
    return text;
}

std::string refusal_of(const reply& got) {
    if (got.result == result::no_credential) return "its credential can't be had just now";
    if (got.status == 0) return "no answer";
    return got.result == result::ok ? "an answer that can't be read" : "an answer of " + std::to_string(got.status);
}

finding says_nothing(std::string_view subject, const std::string& why) {
    return {verdict::nothing, std::string(subject) + ": " + why + ": that decides nothing"};
}

// Other changes' ids among those of a server.
std::set<std::string> ids_of_others(const std::vector<ledger::change>& changes, const std::string& own_id) {
    std::set<std::string> ids;
    for (const auto& each : changes) {
        if (each.request.id == own_id) continue;
        if (!each.known.job_id.empty()) ids.insert(each.known.job_id);
        if (!each.known.order_id.empty()) ids.insert(each.known.order_id);
    }
    return ids;
}

}  // namespace

time_window change_follower::window_of(const ledger::change& change, const account_access& access) const {
    const auto skew = skew_(access.region);
    const auto& timeouts = reader_.settings().timeouts;
    return {change.request.begun - before_sending + skew,
            change.request.begun + timeouts.upstream_connect + timeouts.upstream_response + after_exchange + skew};
}

task<> change_follower::look_for_evidence(const ledger::claimed& one, const account_access& access) {
    const ledger::change& change = one.change;
    std::vector<ledger::evidence_entry> evidence = one.evidence;
    std::optional<bool> is_prepaid = change.request.is_prepaid;
    const auto take = [&](std::string_view source, const finding& found) {
        if (found.says == verdict::took_place) {
            // The order of a resize without a job is read next; it tells whether it waits to be paid.
            const state reached = source == "server"      ? state::succeeded
                                  : !found.job_id.empty() ? state::accepted
                                                          : state::awaiting_payment;
            settle(one, {.to = reached,
                         .cause = ledger::cause::evidence,
                         .learnt = {.job_id = found.job_id, .order_id = found.order_id},
                         .evidence = std::string(source) + ": " + found.detail,
                         .detail = found.detail});
            return true;
        }
        const ledger::instant now = ledger_now();
        evidence.push_back({now, std::string(source), std::string(name(found.says)), found.detail});
        claims_.submit(
            ledger::writes::evidence{.id = change.request.id,
                                     .source = std::string(source),
                                     .says = std::string(name(found.says)),
                                     .detail = found.detail,
                                     .settle_after = settle_after(),
                                     .time = now,
                                     .due = now + lease_of(reader_.settings().timeouts),  // until the look is over
                                     .fence = one.fence,
                                     .is_prepaid = is_prepaid});
        return false;
    };

    auto tracing = look_at_traces(change, access);
    const finding traced = co_await std::move(tracing);
    if (take("trace", traced)) co_return;
    auto looking = look_at_server(change, access, is_prepaid);
    const finding seen = co_await std::move(looking);
    if (take("server", seen)) co_return;
    const bool maybe_prepaid = is_prepaid.value_or(true);
    if (maybe_prepaid && access.billing) {
        auto ordering = look_at_orders(change, access);
        const finding ordered = co_await std::move(ordering);
        if (take("order", ordered)) co_return;
    }
    const bool has_token =
        (*access.config->current.credentials)[access.credential].type == credentials::definition::source_type::token;
    conclude(one, std::move(evidence), maybe_prepaid, has_token);
}

void change_follower::conclude(const ledger::claimed& one, std::vector<ledger::evidence_entry> evidence,
                               bool maybe_prepaid, bool has_token) {
    const ledger::change& change = one.change;
    const ledger::instant now = ledger_now();
    const ruling rule = rule_unknown(
        {.begun = change.request.begun,
         .settle_after = settle_after(),
         .maybe_prepaid = maybe_prepaid,
         .can_still_be_sent = can_still_be_sent(one.sender_is_silent, has_token, change.request.begun, now),
         .evidence = evidence});
    if (rule.not_applied) {
        settle(one, {.to = state::not_applied,
                     .cause = ledger::cause::evidence,
                     .evidence = rule.reason,
                     .detail = rule.reason});
        return;
    }
    put_off(one, now + evidence_interval(now - change.request.begun - settle_after(), settle_after()));
    const ledger::instant alert = change.request.begun + person_needed;
    if (change.updated < alert && now >= alert)
        spdlog::warn(
            "a change is unknown for 30 minutes, a person has to look: `ecs-gateway changes show {}` tells what was "
            "asked, `ecs-gateway changes resolve` ends it: server={} account={} reason={}",
            change.request.id, change.request.server_ids.empty() ? "" : change.request.server_ids.front(),
            json_string(change.request.identity.account), json_string(rule.reason));
}

task<finding> change_follower::look_at_server(const ledger::change& change, const account_access& access,
                                              std::optional<bool>& is_prepaid) {
    question asked{.subject = subject::server,
                   .endpoint = access.ecs,
                   .path = "/v1/" + change.request.project_id + "/cloudservers/" + change.request.server_ids.front(),
                   .trace_id = change.request.id};
    auto asking = reader_.ask(access, std::move(asked));
    const reply got = co_await std::move(asking);
    const auto server = got.result == result::ok ? read_server(got.body) : std::nullopt;
    if (!server) co_return says_nothing("the server", refusal_of(got));
    if (server->is_prepaid) is_prepaid = server->is_prepaid;
    co_return judge_server(*server, change);
}

task<finding> change_follower::look_at_traces(const ledger::change& change, const account_access& access) {
    if (!access.cts) co_return says_nothing("traces", "the region has no endpoint for them");
    auto listing = list_changes({.server_id = change.request.server_ids.front(), .limit = max_known});
    const auto changes = co_await std::move(listing);
    if (!changes || changes->size() == max_known) co_return says_nothing("traces", unlisted);
    const auto others = ids_of_others(*changes, change.request.id);
    const id_check is_of_another = [&others](std::string_view id) { return others.contains(std::string(id)); };
    auto searching = find_trace(change, access, window_of(change, access), is_of_another);
    finding found = co_await std::move(searching);
    if (found.says != verdict::did_not) co_return found;
    auto trying = is_trace_visible(change, access);
    const bool visible = co_await std::move(trying);
    if (visible) co_return found;
    co_return says_nothing("traces", "none, but the project has shown no trace of a known change in 7 days either");
}

task<finding> change_follower::find_trace(const ledger::change& change, const account_access& access,
                                          time_window window, const id_check& is_of_another) {
    const std::string& project = change.request.project_id;
    // Up to now: a trace may be written at the end of the job.
    const std::string query = "trace_type=system&service_type=ECS&resource_id=" + change.request.server_ids.front() +
                              "&trace_name=resizeServer&from=" + milliseconds(window.begin) +
                              "&to=" + milliseconds(std::max(window.end, ledger_now() + after_exchange)) +
                              "&limit=" + std::to_string(trace_page_size);
    std::vector<trace> traces;
    std::string next;
    bool is_whole = false;
    for (std::size_t page = 0; page < max_pages && !is_whole; ++page) {
        question asked{.subject = subject::trace,
                       .endpoint = *access.cts,
                       .path = "/v3/" + project + "/traces",
                       .query = next.empty() ? query : query + "&next=" + next,
                       .trace_id = change.request.id};
        auto asking = reader_.ask(access, std::move(asked));
        const reply got = co_await std::move(asking);
        auto read = got.result == result::ok ? read_traces(got.body, change.request.server_ids.front()) : std::nullopt;
        if (!read) co_return says_nothing("traces", refusal_of(got));
        std::ranges::move(read->traces, std::back_inserter(traces));
        is_whole = read->next.empty();
        if (!is_whole && (!is_id(read->next) || read->next == next)) break;
        next = std::move(read->next);
    }
    co_return judge_traces(traces, is_whole, change, window, is_of_another);
}

// Whether the service shows this project's traces at all: of a change whose end is known, its own.
task<bool> change_follower::is_trace_visible(const ledger::change& change, const account_access& access) {
    const ledger::instant now = ledger_now();
    const std::string& project = change.request.project_id;
    if (const auto known = visible_until_.find(project); known != visible_until_.end() && now < known->second)
        co_return true;
    auto listing = list_changes({.project_id = project, .ended = true, .since = now - traces_kept, .limit = 50});
    const auto changes = co_await std::move(listing);
    if (!changes) co_return false;
    std::size_t samples = 0;
    for (const ledger::change& each : *changes) {
        const bool has_id = !each.known.job_id.empty() || !each.known.order_id.empty();
        if (!has_id || !each.request.holds_server || samples == max_samples) continue;
        ++samples;
        const id_check none = [](std::string_view) { return false; };
        auto searching = find_trace(each, access, window_of(each, access), none);
        const finding found = co_await std::move(searching);
        if (found.says != verdict::took_place) continue;
        const bool has_its_job = !found.job_id.empty() && found.job_id == each.known.job_id;
        const bool has_its_order = !found.order_id.empty() && found.order_id == each.known.order_id;
        if (!has_its_job && !has_its_order) continue;
        visible_until_[project] = each.request.begun + traces_kept;
        co_return true;
    }
    co_return false;
}

task<finding> change_follower::look_at_orders(const ledger::change& change, const account_access& access) {
    const time_window window = window_of(change, access);
    const std::string query =
        "order_type=3&service_type_code=hws.service.type.ec2&create_time_begin=" + utc_parameter(window.begin) +
        "&create_time_end=" + utc_parameter(window.end) + "&limit=" + std::to_string(order_page_size);
    std::vector<std::string> ids;
    std::size_t total = 1, read_entries = 0;
    for (std::size_t page = 0; page < max_pages && read_entries < total; ++page) {
        question asked{.subject = subject::order,
                       .endpoint = *access.billing,
                       .path = "/v2/orders/customer-orders",
                       .query = query + "&offset=" + std::to_string(read_entries),
                       .trace_id = change.request.id};
        auto asking = reader_.ask(access, std::move(asked));
        const reply got = co_await std::move(asking);
        auto read = got.result == result::ok ? read_order_ids(got.body) : std::nullopt;
        if (!read || !read->is_whole) co_return says_nothing("orders", refusal_of(got));
        std::ranges::move(read->ids, std::back_inserter(ids));
        read_entries += read->entries;
        total = std::max(read->total, read_entries);
        if (read->entries == 0) break;
    }
    if (read_entries < total || ids.size() > max_orders)
        co_return says_nothing("orders", "there are too many of that time");
    auto listing = list_changes({.server_id = change.request.server_ids.front(), .limit = max_known});
    const auto changes = co_await std::move(listing);
    if (!changes || changes->size() == max_known) co_return says_nothing("orders", unlisted);
    const auto others = ids_of_others(*changes, change.request.id);
    for (const std::string& id : ids) {
        if (others.contains(id)) continue;
        question asked{.subject = subject::order,
                       .endpoint = *access.billing,
                       .method = "POST",
                       .path = "/v2/orders/suscriptions/resources/query",  // spelt as the reference has it
                       .body = R"({"order_id":")" + id + R"("})",
                       .trace_id = change.request.id};
        auto asking = reader_.ask(access, std::move(asked));
        const reply got = co_await std::move(asking);
        const auto resources = got.result == result::ok ? read_order_resources(got.body) : std::nullopt;
        if (!resources) co_return says_nothing("orders", "it can't be told which server order " + id + " is for");
        if (std::ranges::find(*resources, change.request.server_ids.front()) != resources->end())
            co_return finding{
                verdict::took_place, "order " + id + " of that time is for this server: that decides", {}, id};
    }
    co_return finding{
        verdict::did_not, std::to_string(ids.size()) + " orders of that time, none for this server", {}, {}};
}

// Nothing where the ledger can't be read: then nobody knows what is another change's.
task<std::optional<std::vector<ledger::change>>> change_follower::list_changes(ledger::list_filter filter) {
    const ledger::instant now = ledger_now();
    auto reading = ledger_.read<ledger::change_page>(
        [filter = std::move(filter), now](ledger::store& store) { return store.list(filter, now); },
        reader_.settings().timeouts.ledger);
    auto page = co_await std::move(reading);
    if (!page) co_return std::nullopt;
    co_return std::move(page->changes);
}

}  // namespace gateway::follow
