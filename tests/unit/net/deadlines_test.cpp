#include "gateway/net/deadlines.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace gateway::net {
namespace {

using namespace std::chrono_literals;

// Deadlines, and the names of those that have expired, in order.
struct timeline {
    deadlines times;
    std::string ran_out;

    void run() {
        while (times.left() != milliseconds::max()) {
            std::this_thread::sleep_for(times.left());
            times.expire_due(true);
        }
    }
};

struct named : deadline {
    named(timeline& owner, char letter)
        : deadline(
              owner.times,
              [](void* self) { static_cast<named*>(self)->owner_.ran_out += static_cast<named*>(self)->letter_; },
              this),
          owner_(owner),
          letter_(letter) {}
    timeline& owner_;
    char letter_;
};

TEST(deadlines, run_out_by_their_times_not_in_the_order_of_their_setting) {
    timeline c;
    named far(c, 'f'), near(c, 'n');
    far.set(1h);
    near.set(10ms);
    while (!near.expired()) {
        EXPECT_LE(c.times.left(), 30ms);  // the time and two ticks
        std::this_thread::sleep_for(c.times.left());
        c.times.expire_due(true);
    }
    EXPECT_EQ(c.ran_out, "n");
    EXPECT_FALSE(far.expired());
    far.clear();
}

TEST(deadlines, that_are_cleared_or_gone_do_not_run_out) {
    timeline c;
    named a(c, 'a'), b(c, 'b');
    auto gone = std::make_unique<named>(c, 'g');
    a.set(5ms);
    b.set(5ms);
    gone->set(5ms);
    a.clear();
    gone.reset();
    c.run();
    EXPECT_EQ(c.ran_out, "b");
    EXPECT_FALSE(a.expired());
}

TEST(deadlines, that_are_set_again_wait_from_then_on) {
    timeline c;
    named a(c, 'a'), b(c, 'b');
    a.set(5ms);
    b.set(10ms);
    a.set(20ms);
    c.run();
    EXPECT_EQ(c.ran_out, "ba");
    a.set(5ms);
    EXPECT_FALSE(a.expired());
    a.clear();
}

TEST(deadlines, run_out_all_at_once_by_expire_now) {
    timeline c;
    named a(c, 'a'), b(c, 'b');
    a.set(1h);
    b.set(2h);
    c.times.expire_now();
    EXPECT_EQ(c.ran_out, "ab");
    c.times.expire_due(true);
    EXPECT_EQ(c.times.left(), milliseconds::max());
}

TEST(deadlines, are_not_early_and_leave_nothing_to_wait_for_behind) {
    timeline c;
    EXPECT_EQ(c.times.left(), milliseconds::max());
    named a(c, 'a');
    a.set(20ms);
    EXPECT_GE(c.times.left(), 20ms);
    c.times.expire_due(false);
    EXPECT_EQ(c.ran_out, "");
}

}  // namespace
}  // namespace gateway::net
