#include "change_follower.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "gateway/base/escape.hpp"

namespace gateway::follow {

using namespace std::chrono_literals;
using ledger::state;

namespace {

// An unknown power operation: it sets a state, and costs nothing.
constexpr auto power_patience = 1h;
constexpr auto max_age = std::chrono::days(15);  // the cloud deletes jobs after 14 days
constexpr std::size_t max_text = 1024;           // bytes of the cloud's text that are kept

}  // namespace

bool change_follower::handle_without_asking(const ledger::claimed& one) {
    const ledger::change& change = one.change;
    const ledger::instant now = ledger_now();
    const auto age = now - change.request.begun;
    const bool is_unknown = change.current == state::unknown;
    const auto cause = is_unknown ? ledger::cause::evidence : ledger::cause::following;
    if (age >= max_age) {
        settle(one, {.to = state::not_known, .cause = cause, .detail = "15 days without an end"});
        return true;
    }
    if (is_unknown && !change.request.holds_server) {
        if (age >= power_patience)
            settle(one, {.to = state::not_known,
                         .cause = cause,
                         .detail = "a power operation whose answer was lost an hour ago; look at the server"});
        else
            put_off(one, change.request.begun + power_patience);
        return true;
    }
    if (is_unknown && age < settle_after()) {
        put_off(one, change.request.begun + settle_after());
        return true;
    }
    const auto access = reader_.find_account(change);
    // Without its account: another replica may have it, or a reload bring it back.
    const auto delay = access ? reader_.delay(*access) : std::chrono::microseconds(1min);
    if (delay > 0us) put_off(one, now + delay);
    return delay > 0us;
}

task<> change_follower::look(const ledger::claimed& one) {
    const ledger::change& change = one.change;
    const auto access = reader_.find_account(change);
    if (!access) co_return;  // a reload took it away just now: the claim ends by itself
    if (change.current == state::unknown)
        co_await look_for_evidence(one, *access);
    else if (change.current == state::accepted && !change.known.job_id.empty())
        co_await look_for_job(one, *access);
    else
        co_await look_for_order(one, *access);
}

std::chrono::microseconds change_follower::settle_after() const { return *reader_.settings().follow.settle_after; }

void change_follower::settle(const ledger::claimed& one, settlement end) {
    const ledger::instant now = ledger_now();
    end.learnt.message.resize(std::min(end.learnt.message.size(), max_text));
    claims_.submit(ledger::writes::settle{.id = one.change.request.id,
                                          .to = end.to,
                                          .cause = end.cause,
                                          .learnt = std::move(end.learnt),
                                          .evidence = std::move(end.evidence),
                                          .detail = std::move(end.detail),
                                          .time = now,
                                          .due = now + job_interval(now - one.change.request.begun),
                                          .fence = one.fence});
}

void change_follower::put_off(const ledger::claimed& one, ledger::instant due) {
    claims_.submit(ledger::writes::hand_back{one.change.request.id, one.fence, due});
}

void change_follower::note_status(const ledger::claimed& one, std::string status) {
    const ledger::instant now = ledger_now();
    status.resize(std::min<std::size_t>(status.size(), 64));
    claims_.submit(ledger::writes::followed{.id = one.change.request.id,
                                            .job_status = std::move(status),
                                            .time = now,
                                            .due = now + job_interval(now - one.change.request.begun),
                                            .fence = one.fence});
}

}  // namespace gateway::follow
