#include "process_ledger.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "gateway/runtime/ledger_place.hpp"
#include "gateway/runtime/missing_volume.hpp"

namespace gateway::runtime {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

std::unique_ptr<ledger::gateway_ledger> open_ledger(const config::settings& settings) {
    ledger::ledger_options options{
        .file = settings.ledger.file, .timeout = settings.timeouts.ledger, .keep = settings.ledger.keep};
    if (settings.ledger.postgresql)
        options.postgresql = postgresql_of(settings, ledger::postgresql_options::access::replica);
    auto opened = std::make_unique<ledger::gateway_ledger>(std::move(options));
    const auto deadline = steady_clock::now() + settings.timeouts.ledger;
    for (;;) {
        const ledger::database_status status = opened->writer().status();
        if (status.was_opened) break;
        if (status.cause && !ledger::can_wait(status.cause->kind)) throw std::runtime_error(status.cause->reason);
        if (status.cause || steady_clock::now() >= deadline) {
            spdlog::warn("ledger: it is not open yet, changes are refused until it is: ledger={}",
                         opened->writer().describe());
            break;
        }
        std::this_thread::sleep_for(2ms);
    }
    if (const std::string warning = find_missing_volume(settings); !warning.empty())
        spdlog::warn("ledger: {}", warning);
    return opened;
}

void warn_of_reload(ledger::gateway_ledger& ledger, const config::settings& before, const config::settings& now) {
    if (before.ledger.file != now.ledger.file || before.ledger.memory != now.ledger.memory ||
        before.ledger.postgresql.has_value() != now.ledger.postgresql.has_value() ||
        before.ledger.keep != now.ledger.keep || before.timeouts.ledger != now.timeouts.ledger)
        spdlog::warn("reload: the ledger's place, `keep` and timeouts.ledger change at the next start only");
    std::set<std::string> accounts;
    for (const config::account& one : now.accounts)
        accounts.insert(one.name);
    using counts = std::vector<ledger::account_count>;
    ledger.reader().read<counts>([](ledger::store& store) { return store.count_open_by_account(); },
                                 steady_clock::now() + now.timeouts.ledger,
                                 [accounts = std::move(accounts)](const ledger::outcome<counts>& open) {
                                     if (!open) return;  // said by the ledger
                                     for (const ledger::account_count& one : *open) {
                                         if (accounts.contains(one.account)) continue;
                                         spdlog::warn(
                                             "reload: changes that have not ended are of an account that is no longer "
                                             "there: account={} changes={}",
                                             one.account, one.count);
                                     }
                                 });
}

bool close_ledger(std::unique_ptr<ledger::gateway_ledger> ledger) {
    constexpr auto patience = 5s;
    std::promise<void> closed;
    auto when = closed.get_future();
    std::thread closing([ledger = std::move(ledger), closed = std::move(closed)]() mutable {
        ledger.reset();
        closed.set_value();
    });
    if (when.wait_for(patience) != std::future_status::ready) {
        closing.detach();
        return false;
    }
    closing.join();
    return true;
}

}  // namespace gateway::runtime
