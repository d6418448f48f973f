#pragma once
// Addresses of a name. getaddrinfo(3) can't be cancelled and may take half a minute when a name server is silent, so
// each look-up has a thread of its own, which nothing waits for when time is up, and at most one is under way for a
// name. (Asio's resolver has one thread for all names of a worker, which ends before the worker does: one dead name
// held up every other region and the end of the process.)

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/net/async_event.hpp"

namespace gateway::upstream {

struct lookup {
    explicit lookup(net::loop& loop) : finished(loop) {}
    net::async_event finished;
    bool done = false;
    boost::system::error_code error;
    std::vector<asio::ip::tcp::endpoint> addresses;
};

class resolver {
public:
    explicit resolver(net::loop& loop);
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;
    ~resolver();  // what is under way then is dropped when it ends

    // The look-up for that endpoint: `latest` if it is still under way, else a new one, put there. It is not done when
    // `timeout` has passed before its end.
    [[nodiscard]] task<std::shared_ptr<lookup>> resolve(const config::endpoint& endpoint,
                                                        std::shared_ptr<lookup>& latest,
                                                        std::chrono::milliseconds timeout);

private:
    // By this the thread of a look-up reaches the loop, while there is one.
    struct loop_ref {
        explicit loop_ref(net::loop& owner) : loop(owner) {}
        std::mutex lock;
        bool alive = true;
        net::loop& loop;
    };
    [[nodiscard]] std::shared_ptr<lookup> start(const config::endpoint& endpoint);

    net::loop& loop_;
    std::shared_ptr<loop_ref> loop_ref_;
};

}  // namespace gateway::upstream
