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

struct look_up {
    explicit look_up(net::loop& in) : came(in) {}
    net::async_event came;
    bool done = false;
    boost::system::error_code why;
    std::vector<asio::ip::tcp::endpoint> found;
};

// How a look-up's thread reaches its worker while that is there.
class names {
public:
    explicit names(net::loop& in);
    names(const names&) = delete;
    names& operator=(const names&) = delete;
    ~names();

    // The look-up for that endpoint: `under_way` if it still is, else a new one, put there. Not done when it came to
    // nothing within `at_most`.
    [[nodiscard]] task<std::shared_ptr<look_up>> find(const config::endpoint& what, std::shared_ptr<look_up>& under_way,
                                                      std::chrono::milliseconds at_most);

private:
    struct way_back {
        explicit way_back(net::loop& to) : loop(to) {}
        std::mutex lock;
        bool open = true;
        net::loop& loop;
    };
    [[nodiscard]] std::shared_ptr<look_up> begin(const config::endpoint& what);

    net::loop& loop_;
    std::shared_ptr<way_back> back_;
};

}  // namespace gateway::upstream
