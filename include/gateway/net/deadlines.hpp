#pragma once
// Time-outs for thousands of connections at the price of none: a thread's deadlines are in one queue for each length of
// time, so each queue is in order by itself, and its loop sleeps until the first of all. Setting, moving and clearing a
// deadline is a few pointer writes; a busy loop looks at them about once for each shortest length. (An asio timer for
// each connection costs a heap operation, a cancelled handler and a scheduler hop on every call.)

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "gateway/net/tick.hpp"

namespace gateway::net {

using std::chrono::milliseconds;

class deadlines;

// Something that has to happen before a time. Not to be moved while it is set.
class deadline : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    // `on_expiry` runs on the loop's thread. It only posts work for later: it neither sets nor destroys a deadline.
    deadline(deadlines& owner, void (*on_expiry)(void*), void* argument)
        : owner_(owner), on_expiry_(on_expiry), argument_(argument) {}
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    // It expires `timeout` from now. Replaces what was set, and forgets that an earlier one expired.
    void set(milliseconds timeout);
    void clear() {
        unlink();
        expired_ = false;
    }
    // Whether it ran out since the last set() or clear().
    [[nodiscard]] bool expired() const noexcept { return expired_; }

private:
    friend class deadlines;
    deadlines& owner_;
    void (*on_expiry_)(void*);
    void* argument_;
    steady_time due_{};
    bool expired_ = false;
};

// One for each loop, used on its thread only. All its deadlines are gone before it is.
class deadlines {
public:
    // How long nothing runs out, at most; milliseconds::max() when nothing waits. Rounded up: whoever sleeps so long
    // finds something due.
    [[nodiscard]] milliseconds left() const;
    // Lets run out what is due. `slept`: left() has passed; else this costs next to nothing when nothing is due.
    void expire_due(bool slept);

    // Expires every deadline now. Every wait has one, so every wait ends as after its time-out. A deadline that is set
    // afterwards is not affected.
    void expire_now();

private:
    friend class deadline;
    using list = boost::intrusive::list<deadline, boost::intrusive::constant_time_size<false>>;
    struct queue {
        milliseconds length{};
        list waiting;
    };
    void add(deadline& entry, milliseconds timeout);
    queue& queue_of(milliseconds length);
    static void expire(list& waiting);

    // One for each length in use: a handful, as lengths come from the configuration. They stay where they are.
    std::vector<std::unique_ptr<queue>> queues_;
    steady_time first_ = steady_time::max();  // nothing is due before
};

}  // namespace gateway::net
