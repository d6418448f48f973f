#pragma once
// A place for one coroutine to wait until it is told to go on.

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

#include "gateway/net/task.hpp"

namespace gateway::net {

class parking {
public:
    parking() = default;
    parking(const parking&) = delete;
    parking& operator=(const parking&) = delete;
    ~parking() { drop(); }

    // Until go_on(). One at a time.
    [[nodiscard]] task<> wait() {
        return asio::async_initiate<const token&, void()>(
            [this](asio::async_result<token, void()>::handler_type waits) { waiting_.emplace(std::move(waits)); },
            token());
    }
    [[nodiscard]] bool taken() const noexcept { return waiting_.has_value(); }

    // The coroutine runs on here and now, and may end whatever holds this. It is taken().
    void go_on() {
        auto who = std::move(*waiting_);
        waiting_.reset();
        std::move(who)();
    }
    // Hands it over to run on a little later: `to(who)` gets what to call. Nothing when nobody waits.
    template <class Function>
    void move(const Function& to) {
        if (!waiting_) return;
        auto who = std::move(*waiting_);
        waiting_.reset();
        to(std::move(who));
    }
    // It never goes on: its frames are destroyed, which may end whatever holds this.
    void drop() noexcept {
        if (!waiting_) return;
        const auto who = std::move(*waiting_);
        waiting_.reset();
    }

private:
    using token = asio::use_awaitable_t<executor>;
    std::optional<asio::async_result<token, void()>::handler_type> waiting_;
};

}  // namespace gateway::net
