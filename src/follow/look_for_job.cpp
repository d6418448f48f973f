// Changes that the cloud has accepted: their job, their order, and the server where neither can be had.

#include "change_follower.hpp"
#include "gateway/follow/job_meaning.hpp"
#include "gateway/operations/job_report.hpp"
#include "gateway/operations/response_facts.hpp"

namespace gateway::follow {

using ledger::state;

namespace {

constexpr int order_cancelled = 4, order_completed = 5, order_waits = 6;  // BSS: status of an order

ledger::facts facts_of(const order& read) { return {.amount = read.amount, .currency = read.currency}; }

// Deleted, or not to be read. An id that is not known is a 400 (ECS API reference, "Error Codes": Common.0011).
bool is_gone(const reply& got) {
    if (got.status == 403 || got.status == 404) return true;
    if (got.status != 400) return false;
    operations::response_facts facts;
    operations::read_response(got.body, facts);
    return facts.code == "Common.0011";
}

}  // namespace

task<> change_follower::look_for_job(const ledger::claimed& one, const account_access& access) {
    const ledger::change& change = one.change;
    question asked{.subject = subject::job,
                   .endpoint = access.ecs,
                   .path = "/v1/" + change.request.project_id + "/jobs/" + change.known.job_id,
                   .trace_id = change.request.id};
    auto asking = reader_.ask(access, std::move(asked));
    const reply got = co_await std::move(asking);
    const auto job = got.result == result::ok ? operations::read_job_report(got.body) : std::nullopt;
    const auto reached = job ? meaning_of_job(job->status) : std::nullopt;
    if (reached) {
        settlement end{.to = *reached, .detail = "job " + job->status};
        if (*reached == state::failed) end.learnt = {.code = job->code, .message = job->message};
        if (*reached != state::awaiting_payment && change.known.amount.empty()) {
            auto ordering = ask_for_order(change, access);
            const auto paid = co_await std::move(ordering);
            if (paid) {
                end.learnt.amount = paid->amount;
                end.learnt.currency = paid->currency;
            }
        }
        settle(one, std::move(end));
        co_return;
    }
    if (is_gone(got)) {
        auto deciding = settle_by_server(one, access, "its job can't be read", {});
        const bool settled = co_await std::move(deciding);
        if (settled) co_return;
    }
    // PENDING_PAYMENT of a job whose order was paid a moment ago is followed on like any other status.
    if (job && change.current == state::awaiting_payment) {
        settle(one, {.to = state::accepted, .detail = "job " + job->status});
        co_return;
    }
    note_status(one, job ? job->status : std::string());
}

task<> change_follower::look_for_order(const ledger::claimed& one, const account_access& access) {
    const ledger::change& change = one.change;
    auto asking = ask_for_order(change, access);
    const auto read = co_await std::move(asking);
    ledger::facts learnt = read ? facts_of(*read) : ledger::facts{};
    if (read && read->status == order_cancelled) {
        settle(one,
               {.to = state::cancelled, .learnt = std::move(learnt), .detail = "the order is cancelled or expired"});
        co_return;
    }
    if (read && read->status == order_waits) {
        // The same state: what is learnt is kept.
        settle(one, {.to = state::awaiting_payment, .learnt = std::move(learnt)});
        co_return;
    }
    // Paid, or not to be read: the job decides, without a job the server.
    if (!change.known.job_id.empty()) {
        co_await look_for_job(one, access);
        co_return;
    }
    const bool is_paid = read && read->status == order_completed;
    auto deciding =
        settle_by_server(one, access, is_paid ? "the order is completed" : "the order can't be read", learnt);
    const bool settled = co_await std::move(deciding);
    if (!settled) settle(one, {.to = change.current, .learnt = std::move(learnt)});
}

// The server has the flavor that was asked for.
task<bool> change_follower::settle_by_server(const ledger::claimed& one, const account_access& access,
                                             std::string reason, ledger::facts learnt) {
    const ledger::change& change = one.change;
    if (!change.request.holds_server) co_return false;
    std::optional<bool> is_prepaid;
    auto looking = look_at_server(change, access, is_prepaid);
    finding found = co_await std::move(looking);
    if (found.says != verdict::took_place) co_return false;
    settle(one, {.to = state::succeeded,
                 .learnt = std::move(learnt),
                 .evidence = "server: " + reason + ", and " + found.detail,
                 .detail = found.detail});
    co_return true;
}

// Nothing where it has none, or the account has no billing.
task<std::optional<order>> change_follower::ask_for_order(const ledger::change& change, const account_access& access) {
    if (change.known.order_id.empty() || !access.billing || !is_id(change.known.order_id)) co_return std::nullopt;
    question asked{.subject = subject::order,
                   .endpoint = *access.billing,
                   .path = "/v2/orders/customer-orders/details/" + change.known.order_id,
                   .trace_id = change.request.id};
    auto asking = reader_.ask(access, std::move(asked));
    const reply got = co_await std::move(asking);
    if (got.result != result::ok) co_return std::nullopt;
    co_return read_order(got.body, change.known.order_id);
}

}  // namespace gateway::follow
