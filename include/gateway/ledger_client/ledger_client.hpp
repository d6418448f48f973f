#pragma once
// The ledger as the coroutines of one loop see it: they wait for what its threads answer, and never for a disk.

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "gateway/ledger/gateway_ledger.hpp"
#include "gateway/net/async_event.hpp"

namespace gateway::ledger {

// The result of a request to the ledger, on its way from a thread of the ledger to a coroutine of the loop.
template <class Result>
class ledger_reply {
public:
    // What becomes of a result that nobody waits for any more; on a thread of the ledger or on the loop's.
    using fallback = ledger::completion<Result>;

    ledger_reply(net::loop& loop, fallback unawaited) : loop_(loop), arrived_(loop), unawaited_(std::move(unawaited)) {}

    // From any thread, once.
    void deliver(Result result) {
        std::unique_lock held(lock_);
        if (abandoned_) {
            held.unlock();
            unawaited_(std::move(result));
        } else {
            result_ = std::move(result);
        }
    }
    [[nodiscard]] bool has_result() {
        const std::lock_guard held(lock_);
        return result_.has_value();
    }
    [[nodiscard]] std::optional<Result> take() {
        const std::lock_guard held(lock_);
        return std::exchange(result_, std::nullopt);
    }
    void abandon() {
        std::optional<Result> late;
        {
            const std::lock_guard held(lock_);
            abandoned_ = true;
            late = std::exchange(result_, std::nullopt);
        }
        if (late) unawaited_(std::move(*late));
    }
    [[nodiscard]] net::loop& loop() noexcept { return loop_; }
    [[nodiscard]] net::async_event& arrived() noexcept { return arrived_; }  // on the loop's thread

private:
    net::loop& loop_;
    net::async_event arrived_;
    std::mutex lock_;  // of what follows
    bool abandoned_ = false;
    std::optional<Result> result_;
    fallback unawaited_;
};

// One for each worker. Outlived by the ledger's threads' last call; used on the loop's thread.
class ledger_client {
public:
    ledger_client(net::loop& loop, ledger::gateway_ledger& ledger) : loop_(loop), ledger_(ledger) {}

    // Nobody waits for the result. Outcomes of an exchange are written however late.
    template <class Write>
    void submit(Write write) {
        submit_to(ledger_, std::move(write));
    }
    // `done` on a thread of the ledger.
    template <class Write>
    void submit(Write write, ledger::completion<typename Write::result> done) {
        ledger_.writer().submit(std::move(write), std::chrono::steady_clock::time_point::max(), std::move(done));
    }
    template <class Write>
    static void submit_to(ledger::gateway_ledger& ledger, Write write) {
        ledger.writer().submit(std::move(write), std::chrono::steady_clock::time_point::max(),
                               ledger::completion<typename Write::result>());
    }

    // Durable when it returns a result other than unavailable. At most `timeout`, after which it is unavailable, and a
    // record that still waits is dropped. A result that comes after that, or when the coroutine was destroyed, goes to
    // `unawaited`.
    template <class Write>
    [[nodiscard]] task<typename Write::result> write(Write write, std::chrono::milliseconds timeout,
                                                     ledger::completion<typename Write::result> unawaited) {
        using result = typename Write::result;
        auto reply = std::make_shared<ledger_reply<result>>(loop_, std::move(unawaited));
        ledger_.writer().submit(std::move(write), std::chrono::steady_clock::now() + timeout, deliver_to(reply));
        auto waiting = wait_for(std::move(reply), timeout);
        auto arrived = co_await std::move(waiting);
        co_return arrived;
    }

    // `work(store&) -> outcome<T>`, on the ledger's thread.
    template <class T, class Work>
    [[nodiscard]] task<ledger::outcome<T>> read(Work work, std::chrono::milliseconds timeout) {
        auto reply =
            std::make_shared<ledger_reply<ledger::outcome<T>>>(loop_, ledger::completion<ledger::outcome<T>>());
        ledger_.reader().template read<T>(std::move(work), std::chrono::steady_clock::now() + timeout,
                                          deliver_to(reply));
        auto waiting = wait_for(std::move(reply), timeout);
        auto arrived = co_await std::move(waiting);
        co_return arrived;
    }

    [[nodiscard]] ledger::gateway_ledger& ledger() noexcept { return ledger_; }

private:
    template <class Result>
    [[nodiscard]] static ledger::completion<Result> deliver_to(const std::shared_ptr<ledger_reply<Result>>& reply) {
        return [reply](Result result) {
            reply->deliver(std::move(result));
            reply->loop().post([reply] { reply->arrived().notify_all(); });
        };
    }

    template <class Result>
    [[nodiscard]] task<Result> wait_for(std::shared_ptr<ledger_reply<Result>> reply,
                                        std::chrono::milliseconds timeout) {
        struct abandonment {
            ledger_reply<Result>& reply;
            ~abandonment() { reply.abandon(); }
        };
        const abandonment at_end{*reply};
        // The ledger's watchdog answers at the deadline; a little later nothing of it is alive.
        constexpr auto grace = std::chrono::milliseconds(250);
        if (!reply->has_result()) co_await reply->arrived().wait(timeout + grace);
        auto result = reply->take();
        if (!result) co_return Result(ledger::unavailable{ledger::trouble::overloaded, "the ledger gave no answer"});
        co_return std::move(*result);
    }

    net::loop& loop_;
    ledger::gateway_ledger& ledger_;
};

}  // namespace gateway::ledger
