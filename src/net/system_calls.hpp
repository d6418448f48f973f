#pragma once
// The system calls of the path of a call, without what glibc does around them in a program with threads: there each is
// a point at which the thread may be cancelled, which nobody does here, for 20 ns of two atomic exchanges. As the
// manual pages have them, errno and all. (Sanitizers watch glibc's.)

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace gateway::net::system_calls {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

using ::epoll_wait;
using ::recv;
using ::send;
using ::sendmsg;

#else

[[nodiscard]] inline std::int64_t recv(int from, void* into, std::size_t room, int flags) noexcept {
    return ::syscall(SYS_recvfrom, from, into, room, flags, nullptr, nullptr);
}

[[nodiscard]] inline std::int64_t send(int to, const void* bytes, std::size_t count, int flags) noexcept {
    return ::syscall(SYS_sendto, to, bytes, count, flags, nullptr, socklen_t{0});
}

[[nodiscard]] inline std::int64_t sendmsg(int to, const msghdr* what, int flags) noexcept {
    return ::syscall(SYS_sendmsg, to, what, flags);
}

[[nodiscard]] inline int epoll_wait(int of, epoll_event* into, int room, int milliseconds) noexcept {
    return static_cast<int>(::syscall(SYS_epoll_pwait, of, into, room, milliseconds, nullptr, std::size_t{0}));
}

#endif

}  // namespace gateway::net::system_calls
