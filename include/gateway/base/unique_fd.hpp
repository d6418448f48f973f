#pragma once
// Owns a file descriptor.

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gateway {

class unique_fd {
public:
    unique_fd() noexcept = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}  // -1, or any other negative number: none
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    unique_fd(const unique_fd&) = delete;
    unique_fd& operator=(const unique_fd&) = delete;
    ~unique_fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    // Closes what it owned. close(2) frees the number even when it fails, and errno is left as it was.
    void reset(int fd = -1) noexcept {
        const int owned = std::exchange(fd_, fd);
        if (owned < 0) return;
        const int error = errno;
        ::close(owned);
        errno = error;
    }

private:
    int fd_ = -1;
};

}  // namespace gateway
