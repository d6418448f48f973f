#include "service_manager.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>

namespace gateway::runtime {

namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int max_sockets = 64;

// Before the first thread is started that reads the environment.
std::string take(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
    return text;
}

int number(const std::string& text) {
    int value = -1;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc() && end == text.data() + text.size() ? value : -1;
}

std::string address_of(const boost::asio::ip::tcp::endpoint& endpoint) {
    const std::string host = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

// Of a listening stream socket; empty for anything else.
std::string address_of(int descriptor) {
    int listens = 0, type = 0;
    socklen_t length = sizeof listens;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0) return {};
    length = sizeof type;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) return {};
    sockaddr_storage bound{};
    length = sizeof bound;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &length) != 0) return {};
    if (bound.ss_family == AF_UNIX) {
        sockaddr_un path{};
        std::memcpy(&path, &bound, std::min<std::size_t>(length, sizeof path - 1));
        return "unix:" + std::string(path.sun_path);
    }
    if (bound.ss_family != AF_INET && bound.ss_family != AF_INET6) return {};
    boost::asio::ip::tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), &bound, length);
    endpoint.resize(length);
    return address_of(endpoint);
}

// As address_of() spells it: 127.0.0.1:80 and [::1]:80 however the file spells them.
std::string address_of(const config::listener& listener) {
    if (listener.is_unix) return "unix:" + listener.host;
    return address_of(boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address(listener.host), listener.port));
}

}  // namespace

service_manager::service_manager() : notify_(take("NOTIFY_SOCKET")) {
    const int process = number(take("LISTEN_PID"));
    const int count = std::min(number(take("LISTEN_FDS")), max_sockets);
    ::unsetenv("LISTEN_FDNAMES");       // NOLINT(concurrency-mt-unsafe): as in take()
    if (process != ::getpid()) return;  // meant for the process that started this one
    for (int descriptor = first_descriptor; descriptor < first_descriptor + count; ++descriptor) {
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        sockets_.push_back({unique_fd(descriptor), address_of(descriptor)});
    }
}

int service_manager::socket_for(const config::listener& listener) const {
    const auto found =
        std::find_if(sockets_.begin(), sockets_.end(),
                     [wanted = address_of(listener)](const auto& each) { return each.address == wanted; });
    return found == sockets_.end() ? -1 : found->descriptor.get();
}

std::vector<std::string> service_manager::unclaimed(const std::vector<config::listener>& listeners) const {
    std::vector<std::string> found;
    for (const auto& each : sockets_) {
        const auto is_its = [&](const config::listener& listener) { return address_of(listener) == each.address; };
        if (std::none_of(listeners.begin(), listeners.end(), is_its))
            found.push_back(each.address.empty() ? "(no listening stream socket)" : each.address);
    }
    return found;
}

void service_manager::ready(std::string_view status) const { notify("READY=1\nSTATUS=" + std::string(status)); }

void service_manager::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1000));
}

void service_manager::stopping() const { notify("STOPPING=1"); }

void service_manager::notify(std::string_view state) const {
    if (notify_.empty()) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (notify_.size() >= sizeof address.sun_path || (notify_[0] != '/' && notify_[0] != '@')) {
        spdlog::warn("service manager: NOTIFY_SOCKET is no address of a unix socket: it is not told: {}", state);
        return;
    }
    std::memcpy(address.sun_path, notify_.data(), notify_.size());
    if (notify_[0] == '@') address.sun_path[0] = '\0';  // an abstract address (unix(7))
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + notify_.size());
    const unique_fd datagram_socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const bool sent = datagram_socket && ::sendto(datagram_socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                                  reinterpret_cast<const sockaddr*>(&address), length) >= 0;
    if (!sent) spdlog::warn("service manager: can't be told: error={}", std::generic_category().message(errno));
}

}  // namespace gateway::runtime
