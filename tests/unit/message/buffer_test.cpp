#include <gtest/gtest.h>

#include <cstring>

#include "gateway/message/buffer.hpp"

namespace gateway::message {
namespace {

void put(buffer& target, std::string_view bytes) {
    target.reserve(bytes.size());
    std::memcpy(target.free_space(), bytes.data(), bytes.size());
    target.commit(bytes.size());
}

TEST(buffer, keeps_what_was_not_consumed_when_it_grows) {
    buffer b;
    put(b, "head");
    b.consume(2);
    put(b, std::string(1000, 'x'));
    EXPECT_EQ(b.data().substr(0, 3), "adx");
    EXPECT_EQ(b.size(), 1002U);
}

TEST(buffer, uses_consumed_space_before_it_grows) {
    buffer b;
    put(b, std::string(100, 'a'));
    const auto capacity = b.capacity();
    b.consume(90);
    put(b, std::string(80, 'b'));
    EXPECT_EQ(b.capacity(), capacity);
    EXPECT_EQ(b.data(), std::string(10, 'a') + std::string(80, 'b'));
}

TEST(buffer, lets_a_piece_be_cut_out) {
    buffer b;
    put(b, "head-body-rest");
    b.cut(5, 5);
    EXPECT_EQ(b.data(), "head-rest");
}

TEST(buffer, gives_back_memory_that_its_data_does_not_need) {
    buffer b;
    put(b, std::string(1000, 'a'));
    b.shrink(10);
    EXPECT_EQ(b.size(), 1000U);
    b.consume(995);
    b.shrink(10);
    EXPECT_EQ(b.capacity(), 10U);
    EXPECT_EQ(b.data(), "aaaaa");
    b.consume(5);
    b.shrink(5);
    EXPECT_EQ(b.capacity(), 0U);
}

}  // namespace
}  // namespace gateway::message
