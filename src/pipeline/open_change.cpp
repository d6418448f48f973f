#include "open_change.hpp"

#include <ctime>
#include <new>
#include <utility>

namespace gateway::pipeline {

std::chrono::nanoseconds time_since_boot() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

ledger::instant ledger_time() noexcept {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

open_change::open_change(ledger::ledger_client& client, ledger::change_request request,
                         std::chrono::milliseconds timeout)
    : client_(client),
      request_(std::make_shared<const ledger::change_request>(std::move(request))),
      timeout_(timeout) {}

std::optional<ledger::state> open_change::close() noexcept {
    const phase left = std::exchange(phase_, phase::over);
    try {
        if (left == phase::recorded) {
            give_up("the call was cut off before it was sent");
            return ledger::state::not_sent;
        }
        if (left == phase::sending) {
            lose("the call was cut off while the cloud's answer was awaited");
            return ledger::state::unknown;
        }
    } catch (const std::bad_alloc&) {
        // It stays `sending`, which becomes unknown at the next start.
    }
    return std::nullopt;
}

task<ledger::record_result> open_change::record() {
    ledger::completion<ledger::record_result> unawaited = [request = request_,
                                                           &ledger = client_.ledger()](ledger::record_result result) {
        if (!std::holds_alternative<ledger::recorded>(result)) return;
        ledger::ledger_client::submit_to(ledger,
                                         ledger::writes::not_sent{*request, "the call was cut off", ledger_time()});
    };
    ledger::writes::record write{*request_};
    asked_ = time_since_boot();
    auto commit = client_.write(std::move(write), timeout_, std::move(unawaited));
    auto result = co_await std::move(commit);
    if (std::holds_alternative<ledger::recorded>(result)) phase_ = phase::recorded;
    co_return result;
}

bool open_change::is_late() const noexcept { return time_since_boot() - asked_ > timeout_; }

void open_change::give_up(std::string reason) {
    phase_ = phase::over;
    client_.submit(ledger::writes::not_sent{*request_, std::move(reason), ledger_time()});
}

void open_change::lose(std::string reason) {
    phase_ = phase::over;
    client_.submit(ledger::writes::unknown{request_->id, std::move(reason), ledger_time()});
}

task<bool> open_change::finish(ledger::state meaning, const ledger::kept_answer& answer, const ledger::facts& learnt) {
    phase_ = phase::over;
    ledger::writes::answered write{request_->id, meaning, answer, learnt, ledger_time()};
    auto commit = client_.write(std::move(write), timeout_, {});
    const auto moved = co_await std::move(commit);
    co_return moved.has_value();
}

}  // namespace gateway::pipeline
