#pragma once
// Time-outs for thousands of connections at the price of none: a worker's deadlines stand in one queue for each length
// of time, so each queue is in order by itself, and one steady_timer sleeps until the first of all. Setting, moving and
// clearing a deadline is a few pointer writes; a busy worker wakes for time-outs about once for each shortest length.
// (An asio timer for each connection costs a heap operation, a cancelled handler and a scheduler hop on every call.)

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <deque>

#include "gateway/net/task.hpp"

namespace gateway::net {

using std::chrono::milliseconds;
using steady_time = std::chrono::steady_clock::time_point;

class deadlines;

// Something that has to happen before a time. Not to be moved while it is set.
class deadline : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    // `on_expiry` runs on the worker's thread when time is up; it cancels something, and neither sets
    // nor destroys a deadline then and there.
    deadline(deadlines& of, void (*on_expiry)(void*), void* argument)
        : of_(of), on_expiry_(on_expiry), argument_(argument) {}
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    // Time is up `after` from now. Replaces what was set, and forgets that an earlier one expired.
    void set(milliseconds after);
    void clear() {
        unlink();
        expired_ = false;
    }
    // Whether it ran out since the last set() or clear().
    [[nodiscard]] bool expired() const noexcept { return expired_; }

private:
    friend class deadlines;
    deadlines& of_;
    void (*on_expiry_)(void*);
    void* argument_;
    steady_time at_{};
    bool expired_ = false;
};

// One for each worker, used on its thread only. All its deadlines are gone before it is.
class deadlines {
public:
    explicit deadlines(const executor& on) : timer_(on) {}

    // Time is up for everything that waits: every wait has a deadline, so all that goes on comes to its end, each by
    // the way it takes when it is late. What sets a deadline afterwards waits anew.
    void expire_all();

    // Cancels the sleep, so that an io_context with nothing else to do can end.
    void stop();

private:
    friend class deadline;
    using list = boost::intrusive::list<deadline, boost::intrusive::constant_time_size<false>>;
    struct queue {
        milliseconds length;
        list waiting;
    };
    void add(deadline& what, milliseconds after);
    void sleep_until(steady_time when);
    void wake();
    void expire(list& first_of);

    std::deque<queue> queues_;  // one for each length in use: a handful, as lengths come from the configuration
    using timer =
        asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;
    timer timer_;
    steady_time wakes_at_ = steady_time::max();
    bool stopped_ = false;
};

}  // namespace gateway::net
