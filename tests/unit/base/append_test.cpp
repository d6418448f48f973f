#include "gateway/base/append.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace gateway {
namespace {

TEST(text_writer, puts_pieces_one_behind_the_other) {
    std::array<char, 8> memory{};
    text_writer out(memory.data(), memory.size());
    out.put("ab", std::string_view("cd"));
    out.put('e');
    out.put(std::string_view());
    out.put_by(2, [](char* target) {
        *target = 'f';
        return target + 1;
    });
    EXPECT_EQ(std::string(memory.data(), out.position()), "abcdef");
    EXPECT_EQ(out.free_size(), 2U);
}

#ifndef NDEBUG
TEST(text_writer, does_not_write_past_its_end) {
    std::array<char, 2> memory{};
    text_writer out(memory.data(), memory.size());
    EXPECT_DEATH(out.put("abc"), "free_size");
    EXPECT_DEATH(out.put_by(3, [](char* target) { return target; }), "free_size");
    EXPECT_DEATH(out.put_by(1, [](char* target) { return target + 2; }), "end");
    out.put("ab");
    EXPECT_DEATH(out.put('c'), "free_size");
}
#endif

TEST(append, puts_all_pieces_at_the_end) {
    std::string text = "a";
    append(text, "b", digits(42), std::string("c"));
    EXPECT_EQ(text, "ab42c");
}

}  // namespace
}  // namespace gateway
