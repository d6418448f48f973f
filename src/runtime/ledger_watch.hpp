#pragma once
// What is in the ledger just now, as the admin pages show it. The ledger's own thread reads it once a second, so that
// nobody who asks waits for a disk.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "gateway/ledger/gateway_ledger.hpp"

namespace gateway::runtime {

struct ledger_contents {
    std::vector<ledger::open_count> counts;  // empty: it was never read
    std::vector<ledger::freeze> freezes;     // that stand
    // Without histories; read while somebody looks at the lists.
    std::vector<ledger::change> open;   // that have not ended, oldest first, some
    std::vector<ledger::change> ended;  // newest first, some
};

class ledger_watch {
public:
    static constexpr std::chrono::milliseconds period{1000};
    static constexpr std::size_t open_shown = 100, ended_shown = 20;  // changes

    // `context` outlives this; of `watched` nothing is used but on its thread. `patience`: for a read.
    ledger_watch(boost::asio::io_context& context, ledger::gateway_ledger& watched, std::chrono::milliseconds patience);
    ~ledger_watch();
    ledger_watch(const ledger_watch&) = delete;
    ledger_watch& operator=(const ledger_watch&) = delete;

    // On the thread of `context`: what was read last, also while the ledger can't be read.
    [[nodiscard]] const ledger_contents& last() const noexcept;
    // Likewise, with the lists: they are read from now on, for a while.
    [[nodiscard]] const ledger_contents& last_with_lists();

private:
    struct state;
    void look();

    ledger::gateway_ledger& watched_;
    std::chrono::milliseconds patience_;
    boost::asio::steady_timer wait_;
    std::shared_ptr<state> state_;  // with the reads under way
};

}  // namespace gateway::runtime
