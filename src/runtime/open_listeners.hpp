#pragma once
// The listeners of the process: opened at start, exchanged by a reload, closed by a drain. Workers accept on them.

#include <deque>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/http/listeners.hpp"
#include "gateway/runtime/tls.hpp"
#include "service_manager.hpp"
#include "worker.hpp"

namespace gateway::runtime {

// A listener that is open, and what its TLS was made from.
struct open_listener {
    http::listener_sockets sockets;
    listener_tls tls;
};

// `tls` is in the order of the listeners it goes with. On the main thread.
class open_listeners {
public:
    // Both outlive it. Workers are all there before anything is opened.
    open_listeners(std::deque<worker>& workers, const service_manager& manager)
        : workers_(workers), manager_(manager) {}

    // Those of `wanted` that are not open yet, or whose socket is lost. They are nobody's until replace(). Throws
    // std::system_error.
    [[nodiscard]] std::vector<open_listener> open_new(const std::vector<config::listener>& wanted,
                                                      const std::vector<listener_tls>& tls) const;
    // Closes what is not wanted any more, gives the others their TLS and mode, and lets workers accept on `fresh`.
    void replace(const std::vector<config::listener>& wanted, const std::vector<listener_tls>& tls,
                 std::vector<open_listener> fresh);
    // The sockets of this thread; workers have descriptors of their own.
    void close() { open_.clear(); }

private:
    void accept(const open_listener& listener);
    void close_in_workers(const open_listener& listener);
    void update(open_listener& listener, const config::listener& wanted, const listener_tls& tls);

    std::deque<worker>& workers_;
    const service_manager& manager_;
    std::vector<open_listener> open_;
};

}  // namespace gateway::runtime
