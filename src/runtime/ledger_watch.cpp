#include "ledger_watch.hpp"

#include <boost/asio/post.hpp>

#include <mutex>
#include <utility>

namespace gateway::runtime {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto lists_kept = 10s;  // after they were last asked for

ledger::outcome<ledger_contents> read_contents(ledger::store& from, bool with_lists) {
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    auto counts = from.count_open();
    if (!counts) return counts.error();
    auto freezes = from.freezes(now);
    if (!freezes) return freezes.error();
    ledger_contents found{.counts = std::move(*counts), .freezes = std::move(*freezes), .open = {}, .ended = {}};
    if (!with_lists) return found;
    auto open = from.list_oldest_first({.ended = false, .limit = ledger_watch::open_shown}, now);
    if (!open) return open.error();
    auto ended = from.list({.ended = true, .limit = ledger_watch::ended_shown}, now);
    if (!ended) return ended.error();
    found.open = std::move(open->changes);
    found.ended = std::move(ended->changes);
    return found;
}

}  // namespace

struct ledger_watch::state {
    // On the thread of the context.
    ledger_contents last;
    clock::time_point lists_until{};
    bool is_reading = false;

    std::mutex lock;  // of what follows: reads end on a thread of the ledger's
    boost::asio::io_context* context;

    void take(ledger::outcome<ledger_contents> found, bool with_lists) {
        is_reading = false;
        if (!found) return;  // the ledger says so itself
        last.counts = std::move(found->counts);
        last.freezes = std::move(found->freezes);
        if (!with_lists) return;
        last.open = std::move(found->open);
        last.ended = std::move(found->ended);
    }
};

ledger_watch::ledger_watch(boost::asio::io_context& context, ledger::gateway_ledger& watched,
                           std::chrono::milliseconds patience)
    : watched_(watched), patience_(patience), wait_(context), state_(std::make_shared<state>()) {
    state_->context = &context;
    look();
}

ledger_watch::~ledger_watch() {
    const std::lock_guard held(state_->lock);
    state_->context = nullptr;
}

const ledger_contents& ledger_watch::last() const noexcept { return state_->last; }

const ledger_contents& ledger_watch::last_with_lists() {
    const bool is_new = state_->lists_until < clock::now();
    state_->lists_until = clock::now() + lists_kept;
    if (is_new) look();
    return state_->last;
}

void ledger_watch::look() {
    wait_.expires_after(period);
    wait_.async_wait([this](const boost::system::error_code& ec) {
        if (!ec) look();
    });
    if (std::exchange(state_->is_reading, true)) return;
    const bool with_lists = clock::now() < state_->lists_until;
    watched_.reader().read<ledger_contents>(
        [with_lists](ledger::store& from) { return read_contents(from, with_lists); }, clock::now() + patience_,
        [kept = state_, with_lists](ledger::outcome<ledger_contents> found) {
            const std::lock_guard held(kept->lock);
            if (kept->context == nullptr) return;
            boost::asio::post(*kept->context, [kept, with_lists, found = std::move(found)]() mutable {
                kept->take(std::move(found), with_lists);
            });
        });
}

}  // namespace gateway::runtime
