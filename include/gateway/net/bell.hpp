#pragma once
// Wakes coroutines of one thread that wait for something to happen elsewhere.

#include <boost/intrusive/list.hpp>

#include "gateway/net/loop.hpp"

namespace gateway::net {

class bell {
public:
    explicit bell(loop& in) : in_(in) {}
    bell(const bell&) = delete;
    bell& operator=(const bell&) = delete;

    // Until it rings, or `at_most` has passed.
    [[nodiscard]] task<> wait(milliseconds at_most) {
        waiter me(in_);
        waiting_.push_back(me);
        me.time.set(at_most);
        co_await me.place.wait();
    }
    void ring() {
        for (waiter& each : waiting_)
            in_.go_on(each.place);
    }

private:
    struct waiter : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
        explicit waiter(loop& in)
            : on(in),
              time(
                  in.times(),
                  [](void* self) {
                      auto& late = *static_cast<waiter*>(self);
                      late.on.go_on(late.place);
                  },
                  this) {}
        loop& on;
        parking place;
        deadline time;
    };

    loop& in_;
    boost::intrusive::list<waiter, boost::intrusive::constant_time_size<false>> waiting_;
};

// Lets `how_long` pass.
[[nodiscard]] inline task<> pause(loop& in, milliseconds how_long) {
    bell silent(in);
    co_await silent.wait(how_long);
}

}  // namespace gateway::net
