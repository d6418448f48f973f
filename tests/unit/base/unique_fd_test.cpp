#include "gateway/base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace gateway {
namespace {

int opened() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(unique_fd, closes_what_it_owns_at_its_end) {
    const int fd = opened();
    {
        const unique_fd owner(fd);
        EXPECT_TRUE(owner);
        EXPECT_EQ(owner.get(), fd);
        EXPECT_TRUE(is_open(fd));
    }
    EXPECT_FALSE(is_open(fd));
}

TEST(unique_fd, hands_over_what_it_owns_when_it_is_moved) {
    unique_fd first(opened());
    const int fd = first.get();
    unique_fd second(std::move(first));
    EXPECT_EQ(second.get(), fd);
    unique_fd third(opened());
    const int replaced = third.get();
    third = std::move(second);
    EXPECT_FALSE(is_open(replaced));
    EXPECT_EQ(third.get(), fd);
    EXPECT_TRUE(is_open(fd));
}

TEST(unique_fd, leaves_errno_as_it_was) {
    unique_fd owner(opened());
    errno = EADDRINUSE;
    owner.reset();
    EXPECT_FALSE(owner);
    EXPECT_EQ(errno, EADDRINUSE);
}

TEST(unique_fd, gives_away_what_it_owned) {
    unique_fd owner(opened());
    unique_fd other(owner.release());
    EXPECT_FALSE(owner);
    EXPECT_TRUE(is_open(other.get()));
}

}  // namespace
}  // namespace gateway
