#pragma once
// One suspended coroutine, held until something resumes it. What `loop`, `watch` and `async_event` are made of.

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

#include "gateway/net/task.hpp"

namespace gateway::net {

// Resumes a suspended coroutine when it is called. Destroyed without that, it destroys the coroutine.
using resume_handler = asio::async_result<asio::use_awaitable_t<executor>, void()>::handler_type;

// Suspends the coroutine that awaits it. `keep(resume_handler)` stores it.
template <class Function>
[[nodiscard]] task<> suspend(Function keep) {
    return asio::async_initiate<const asio::use_awaitable_t<executor>&, void()>(std::move(keep),
                                                                                asio::use_awaitable_t<executor>());
}

class waiter {
public:
    waiter() = default;
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() { destroy(); }

    // Until resume(). One coroutine at a time.
    [[nodiscard]] task<> wait() {
        return suspend([this](resume_handler handler) { handler_.emplace(std::move(handler)); });
    }
    [[nodiscard]] bool is_waiting() const noexcept { return handler_.has_value(); }

    // Runs the coroutine here and now, which may end whatever holds this. Requires is_waiting().
    void resume() {
        auto handler = std::move(*handler_);
        handler_.reset();
        std::move(handler)();
    }
    // Gives `post` the handler, to be called later. Does nothing when no coroutine waits.
    template <class Function>
    void resume_on(const Function& post) {
        if (!handler_) return;
        auto handler = std::move(*handler_);
        handler_.reset();
        post(std::move(handler));
    }
    // Destroys the coroutine's frames, which may end whatever holds this.
    void destroy() noexcept {
        if (!handler_) return;
        const auto handler = std::move(*handler_);
        handler_.reset();
    }

private:
    std::optional<resume_handler> handler_;
};

}  // namespace gateway::net
