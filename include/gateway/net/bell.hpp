#pragma once
// Wakes coroutines of one thread that wait for something to happen elsewhere.

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>

#include "gateway/net/task.hpp"

namespace gateway::net {

class bell {
public:
    explicit bell(const executor& on) : on_(on) {}
    bell(const bell&) = delete;
    bell& operator=(const bell&) = delete;

    // Until it rings, or `at_most` has passed.
    [[nodiscard]] task<> wait(std::chrono::milliseconds at_most) {
        waiter me(on_);
        waiting_.push_back(me);
        me.alarm.expires_after(at_most);
        static_cast<void>(co_await me.alarm.async_wait(use_result));
    }
    void ring() {
        for (waiter& each : waiting_)
            each.alarm.cancel();
    }

private:
    struct waiter : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        explicit waiter(const executor& on) : alarm(on) {}
        asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>
            alarm;
    };

    executor on_;
    boost::intrusive::list<waiter, boost::intrusive::constant_time_size<false>> waiting_;
};

}  // namespace gateway::net
