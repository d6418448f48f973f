#include "standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace gateway::cli {

bool open_standard_descriptors() noexcept {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        const bool is_closed = ::fcntl(number, F_GETFD) < 0 && errno == EBADF;
        if (is_closed && ::open("/dev/null", O_RDWR) != number) return false;  // open(2) takes the lowest number
    }
    return true;
}

}  // namespace gateway::cli
