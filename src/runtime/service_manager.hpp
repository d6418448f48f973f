#pragma once
// The two interfaces of systemd to a service: sockets that it has opened (sd_listen_fds(3)), and messages about the
// service's state (sd_notify(3)). Both are a few lines of a protocol that is promised to stay, written out here as
// those pages recommend rather than by linking libsystemd with all that it brings into a process that holds secrets.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/unique_fd.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::runtime {

class service_manager {
public:
    // Takes LISTEN_PID, LISTEN_FDS and NOTIFY_SOCKET out of the environment. Without them every call does nothing.
    service_manager();
    service_manager(const service_manager&) = delete;
    service_manager& operator=(const service_manager&) = delete;

    // The listening socket that was handed over for this address, still this object's; -1 when there is none.
    [[nodiscard]] int socket_for(const config::listener& listener) const;
    // Addresses of sockets that belong to none of the listeners: a mistake in either file.
    [[nodiscard]] std::vector<std::string> unclaimed(const std::vector<config::listener>& listeners) const;

    void ready(std::string_view status = "serving") const;  // and what `systemctl status` shows
    void reloading() const;                                 // ready() ends it (Type=notify-reload)
    void stopping() const;

private:
    void notify(std::string_view state) const;

    struct inherited_socket {
        unique_fd descriptor;
        std::string address;  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock"
    };
    std::vector<inherited_socket> sockets_;
    std::string notify_;
};

}  // namespace gateway::runtime
