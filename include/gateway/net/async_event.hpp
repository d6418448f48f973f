#pragma once
// Lets coroutines of one thread wait for something that happens elsewhere.

#include <boost/intrusive/list.hpp>

#include "gateway/net/loop.hpp"

namespace gateway::net {

class async_event {
public:
    explicit async_event(loop& owner) : loop_(owner) {}
    async_event(const async_event&) = delete;
    async_event& operator=(const async_event&) = delete;

    // Until notify_all(), or until `timeout` has passed.
    [[nodiscard]] task<> wait(milliseconds timeout) {
        entry self(loop_);
        waiting_.push_back(self);
        self.timer.set(timeout);
        co_await self.suspended.wait();
    }
    // Resumes everybody who waits a little later, not within this call.
    void notify_all() {
        for (entry& each : waiting_)
            loop_.post_resume(each.suspended);
    }

private:
    struct entry : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        explicit entry(loop& owner)
            : event_loop(owner),
              timer(
                  owner.times(),
                  [](void* self) {
                      auto& expired = *static_cast<entry*>(self);
                      expired.event_loop.post_resume(expired.suspended);
                  },
                  this) {}
        loop& event_loop;
        waiter suspended;
        deadline timer;
    };

    loop& loop_;
    boost::intrusive::list<entry, boost::intrusive::constant_time_size<false>> waiting_;
};

// Waits for `duration`.
[[nodiscard]] inline task<> pause(loop& owner, milliseconds duration) {
    async_event never(owner);
    co_await never.wait(duration);
}

}  // namespace gateway::net
