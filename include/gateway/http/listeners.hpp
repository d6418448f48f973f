#pragma once
// The sockets that callers connect to. Opened before any worker starts, so that an address in use is an error at start.

#include <sys/types.h>

#include <boost/asio/ssl.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/unique_fd.hpp"
#include "gateway/config/settings.hpp"

struct sockaddr_un;

namespace gateway::http {

// One listener: a listening descriptor for each worker. TCP: sockets of their own with SO_REUSEPORT, so that the kernel
// spreads connections; unix: duplicates of one, as the kernel has no such thing there.
class listener_sockets {
public:
    // `handed_over` is a socket that listens there already (a service manager's), which stays the caller's; -1: none.
    // Throws std::system_error that names the address.
    listener_sockets(const config::listener& settings, std::size_t workers, int handed_over = -1);
    listener_sockets(listener_sockets&&) noexcept;
    listener_sockets(const listener_sockets&) = delete;
    listener_sockets& operator=(listener_sockets&&) = delete;
    listener_sockets& operator=(const listener_sockets&) = delete;
    ~listener_sockets();  // removes the unix socket's file that it has made, if it is still there

    [[nodiscard]] const std::string& name() const noexcept { return name_; }        // as the configuration spells it
    [[nodiscard]] const std::string& address() const noexcept { return address_; }  // with the port that was bound
    // A descriptor of its own for that worker. Throws std::system_error.
    [[nodiscard]] unique_fd descriptor(std::size_t worker) const;
    // Of a unix socket that this object has made; nothing for others. Throws std::system_error.
    void set_mode(std::optional<unsigned> mode) const;
    // Whether nobody can connect any more: the file of the unix socket was removed or replaced.
    [[nodiscard]] bool is_lost() const noexcept;
    // Whether the socket is another process's, which alone can make its file again.
    [[nodiscard]] bool is_handed_over() const noexcept { return handed_over_; }

private:
    struct socket_file {
        std::string path;
        dev_t device;
        ino_t inode;
    };
    void open_tcp(const config::listener& settings, std::size_t workers);
    void open_unix(const config::listener& settings);
    void take_over(const config::listener& settings, int handed_over);
    static void remove_dead_socket(const config::listener& settings, const sockaddr_un& bind_address);
    void remember_file(const std::string& path);
    void remove_file() noexcept;

    std::string name_, address_;
    bool handed_over_;
    std::optional<socket_file> socket_file_;
    std::vector<unique_fd> descriptors_;  // one for each worker, or one for all
};

// The context of a TLS listener: TLS 1.2 and 1.3, HTTP/1.1 by ALPN, its certificate, and the CA of client certificates
// where it asks for them. Throws boost::system::system_error that names the file.
[[nodiscard]] std::unique_ptr<boost::asio::ssl::context> make_tls_context(const config::tls_server& settings);

}  // namespace gateway::http
